"""`whet COMMAND …`: one module per command.  A wrong input prints one line, with exit code 2."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from warnings import filterwarnings

from whet import __version__
from whet.cli import help as pages
from whet.registry import nearest
from whet.types import IntegrityError, UsageError

COMMANDS = {
    "train": "train a model with a recipe",
    "plan": "show what a recipe will do, and check it, before any compute",
    "resume": "continue a run from its newest checkpoint",
    "eval": "evaluate a model or a run: mean reward, pass@1, pass@k, 95% intervals",
    "compare": "compare two evaluations: better, worse or undecided, with intervals",
    "verify": "evaluate a reward on labelled replies: precision, recall, speed, attacks",
    "data": "check a data file: what its rows become, and which can't be used, and why",
    "env": "list, show, play or check a world",
    "study": "run an experiment: arms, seeds, pre-registered contrasts, verdicts",
    "list": "list the parts: algorithms, rewards, sampling, corpora, environments, recipes",
    "show": "show one part: its equation, its source, its defaults",
    "report": "write report.html for a run",
    "doctor": "check this machine, or a run, for problems",
}
WRONG, BROKEN, INTERRUPTED, HEARD_ENOUGH = 2, 3, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names, and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    filterwarnings("ignore", category=FutureWarning, module="torch|transformers")
    if isinstance(sys.stdout, TextIOWrapper):  # a name in it may be no UTF-8, as a file's may be
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _dispatch(words)
    except UsageError as error:
        print(f"whet: {error}", file=sys.stderr)
        return WRONG
    except IntegrityError as error:
        print(f"whet: stopped, because {error}", file=sys.stderr)
        return BROKEN
    except KeyboardInterrupt:
        print("whet: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the pipe is gone; Python's last flush must not fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HEARD_ENOUGH


def _dispatch(words: Sequence[str]) -> int:
    if words[:1] == ["help"]:  # `whet help train` is `whet train --help`
        words = [*words[1:], "--help"]
    if not words or words[0] in pages.ASKED:
        return _usage()
    if words[0] in {"-V", "--version"}:
        print(f"whet {__version__}")
        return 0
    command, rest = words[0], words[1:]
    if command not in COMMANDS:
        raise UsageError(f"command {command!r} is unknown; {nearest(command, COMMANDS)}")
    if pages.is_asked(rest):
        print(pages.page(command, rest))
        return 0
    return import_module(f"whet.cli.commands.{command}").main(rest)


def _usage() -> int:
    rows = "\n".join(f"  {name:8} {does}" for name, does in COMMANDS.items())
    print(
        f"whet {__version__}: reinforcement learning of large reasoning models\n\n"
        f"usage: whet COMMAND …   (whet COMMAND --help)\n\n{rows}"
    )
    return 0
