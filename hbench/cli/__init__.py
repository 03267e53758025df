"""The command line: `hbench`, one module per group of commands.

Nothing here imports torch, transformers or datasets, or anything else that takes long: commands do so when they run.
"""

from __future__ import annotations

import click

from hbench.cli.root import Root

#: Where each command is: only the one that is called is imported, all of them for `--help`.
_COMMANDS = {
    "check": "hbench.cli.authoring:check",
    "cite": "hbench.cli.papers:cite",
    "compare": "hbench.cli.comparing:compare",
    "convert": "hbench.cli.dynamics:convert",
    "describe": "hbench.cli.papers:describe",
    "leaderboard": "hbench.cli.board:leaderboard",
    "list": "hbench.cli.listing:list_command",
    "map": "hbench.cli.dynamics:map_command",
    "new": "hbench.cli.authoring:new",
    "plan": "hbench.cli.planning:plan",
    "prune": "hbench.cli.own.prune:prune",
    "retry": "hbench.cli.jobs:retry",
    "run": "hbench.cli.running:run",
    "run-job": "hbench.cli.jobs:run_job",
    "score": "hbench.cli.own.score:score",
    "sensitivity": "hbench.cli.sensitivity:sensitivity",
    "status": "hbench.cli.jobs:status",
    "try": "hbench.cli.authoring:try_command",
}


@click.group(
    cls=Root,
    places=_COMMANDS,
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
