"""The root command: turns every error into one line for the reader and an exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from hbench.cli.output import complain, fit_encoding
from hbench.errors import HbenchError

#: Exit codes beside those of the errors themselves.
USAGE, INTERNAL, INTERRUPTED = 2, 3, 130


class Root(click.Group):
    """A click group whose errors are one line on standard error, without a traceback for a user's mistake."""

    def __init__(self, *args: Any, places: Mapping[str, str], **settings: Any) -> None:
        """places: `module:attribute` of each command by its name; imported when the command is asked for."""
        super().__init__(*args, **settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, sorted."""
        return sorted({*self._places, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it; None where there is none of that name."""
        if cmd_name in self._places and cmd_name not in self.commands:
            module, _, attribute = self._places[cmd_name].partition(":")
            self.add_command(getattr(importlib.import_module(module), attribute), cmd_name)
        return super().get_command(ctx, cmd_name)

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Run the command line and leave the process with its exit code."""
        settings["standalone_mode"] = False
        fit_encoding()
        try:
            code = super().main(*args, **settings)
        except click.ClickException as error:
            complain(f"{error.format_message()}{_where_to_look(error)}")
            code = USAGE
        except (click.Abort, KeyboardInterrupt):
            complain("interrupted; what has finished is kept, run the same command again to go on")
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it returns as an integer is the exit code."""
        try:
            return super().invoke(ctx)
        except HbenchError as error:
            if ctx.params["debug"]:
                import traceback

                traceback.print_exc()
            complain(str(error))
            return error.exit_code
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own, for its own handling
        except Exception as error:  # noqa: BLE001 - the last resort: nothing may reach the user as a bare traceback
            _complain_of_bug(error, show=ctx.params["debug"])
            return INTERNAL


def _complain_of_bug(error: Exception, *, show: bool) -> None:
    import tempfile
    import traceback

    what = f"internal error: {type(error).__name__}: {error}"
    if show:
        traceback.print_exception(error)
        complain(what)
        return
    with tempfile.NamedTemporaryFile(
        "w", prefix="hbench-error-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    complain(f"{what}; the traceback is in {file.name}, please report it")


def _where_to_look(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f" (see {context.command_path} --help)" if context is not None else ""
