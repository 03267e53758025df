"""The command line: `hbench`, one module per group of commands.

Nothing here imports torch, transformers or datasets, or anything else that takes long: commands do so when they run.
"""

from __future__ import annotations

import click

from hbench.cli.board import leaderboard
from hbench.cli.jobs import retry, run_job, status
from hbench.cli.listing import list_command
from hbench.cli.planning import plan
from hbench.cli.root import Root
from hbench.cli.running import run


@click.group(
    cls=Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="hbench", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """Which training examples can be dropped before fine-tuning, and does the scorer that picked them beat a random
    subset?

    Start with `hbench run quickstart`. Exit codes: 0 done; 1 a check found a difference, or some cells failed; 2 usage
    or bad input; 3 internal error.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (list_command, plan, run, status, retry, leaderboard, run_job):
    main.add_command(_command)
