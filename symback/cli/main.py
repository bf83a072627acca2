"""The command line.

Results go to stdout, messages to stderr. Exit codes: 0 done, 1 a check failed or a fit has
not converged, 2 a wrong option or input, 130 interrupted. Everything heavy is imported inside the
commands, so that `--help` answers at once.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Any

import click

from symback._version import __version__
from symback.cli import derivations, fitting, in_browser, modules, training
from symback.errors import CheckFailed, SymbackError


class _Failed(click.ClickException):
    """A SymbackError, shown as a message and exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"symback: {self.message}", err=True)


class _Commands(click.Group):
    """Commands whose errors are messages, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CheckFailed as error:
            click.echo(f"symback: {error}", err=True)
            ctx.exit(1)
        except SymbackError as error:
            raise _Failed(str(error)) from None
        except (RecursionError, MemoryError):
            raise _Failed("the circuit is too large or nested too deep") from None
        except ModuleNotFoundError as error:  # where packages were left out on purpose
            package = (error.name or "").partition(".")[0]
            if package in ("", "symback"):
                raise
            raise _Failed(f"this command needs {package}: pip install {package}") from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="symback")
def cli() -> None:
    """From a formula to a derivation you can read and a gradient module you can ship.

    CIRCUIT is a file, the text of a circuit such as "f = x1 - sigma(w3*x3 + w4*x4)", or - for
    standard input.
    """


for _command in (
    derivations.derive,
    derivations.draw,
    modules.generate,
    modules.code,
    modules.check,
    training.train,
    fitting.fit,
    training.descend,
    derivations.quiz,
    in_browser.see,
    in_browser.serve,
    in_browser.playground,
    derivations.repl,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; every error that an input causes ends in a message."""
    gc.set_threshold(100_000, 20, 20)  # expressions live to the end: looking for cycles costs 15 %
    _open_streams()
    output = sys.stdout
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except SystemExit:
        if sys.stdout is output:
            raise
        _silence()  # click met a closed pipe: the reader, such as head, has had enough
        sys.exit(0)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt) as error:
        more = str(error.__cause__ or error)  # click wraps what it catches
        _say("interrupted" + (f"; {more}" if more else ""))
        sys.exit(130)
    except OSError as error:  # of standard output: commands report those of files
        _say(f"{error.filename or 'standard output'}: {error.strerror or error}")
        _silence()
        sys.exit(2)


def _say(words: str) -> None:
    with suppress(OSError):
        click.echo(f"symback: {words}", err=True)


def _open_streams() -> None:
    """Print what a terminal cannot show as escapes; what is closed reads as empty, and refuses."""
    closed = os.devnull
    if sys.stdin is None:
        sys.stdin = open(closed, encoding="utf-8")  # noqa: SIM115  for the whole run
    if sys.stdout is None:  # opened to be read, so that it cannot be written
        sys.stdout = open(closed, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(closed, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _silence() -> None:
    """Let nothing more be written: Python would try again at its end, and fail again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
