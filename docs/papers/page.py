"""The page itself: a table for each room, then what is absent."""

from collections.abc import Iterator

from settings import row

from papers.absent import ABSENT
from papers.chosen_tests import CHOSEN
from papers.commands import command
from papers.methods import ROOMS, Method, methods
from papers.oracles import oracle
from papers.sections import section
from whet.cli.explain import effective
from whet.cli.explain.pages import algorithms

_HEAD = ("method", "paper", "survey §", "file", "equation", "test with a value of its own", "run")
_ABOUT = """\
A row for every file, class and function of `whet.policy`, `whet.rewards`, `whet.sampling` and
`whet.evaluation` that is public and whose docstring has an arXiv id. The table is found in the
code, so what is missing in a docstring is missing here.

- **paper**: the docstring's own words in front of the id. They are no title where the docstring
  gives none.
- **survey §**: where [the survey](https://arxiv.org/abs/2509.08827) treats the subject, by the
  folder of the file and by notes on the survey, whose text was not at hand. In brackets: the paper
  is later than the survey, which cannot have it. With a \\*: the notes do not say the section.
  3.1 is reward design (1 verifiable, 2 generative,
  3 dense, 4 unsupervised, 5 shaping), 3.2 policy optimization (2 critic-based, 3 critic-free,
  4 off-policy, 5 regularisation), 3.3 sampling strategy (1 dynamic and structured,
  2 hyper-parameters).
- **equation**: the first one of the docstring; of an algorithm the sum that its parts fill.
- **test with a value of its own**: what it wants was calculated by hand, by another program, or by
  counting all cases. It is chosen by a reader or, for the others, by its name and what it reads.
  *none found* means that neither found one; there may be laws and tests of another kind.
- **run**: one command. FOLDER, FILE.jsonl, RUN and MODEL are yours. It is parsed by a test, not
  run. A command that begins with `whet show` shows a method whose settings no flag can give, one
  that begins with `python` imports what no command names.
"""
_NOT_HERE = """\
By hand, from notes on the survey and on later papers. The survey's complete list of papers was not
at hand, so there may be more.
"""


def papers() -> Iterator[str]:
    """All of it."""
    yield from ("# Papers", "", *_ABOUT.splitlines(), "")
    for room in ROOMS:
        mine = [one for one in methods() if one.file.parts[1] == room]
        yield from (
            f"## {room.capitalize()} ({len(mine)})",
            "",
            row(_HEAD),
            row(["---"] * len(_HEAD)),
        )
        yield from (row(_cells(one)) for one in sorted(mine, key=lambda one: str(one.file)))
        yield ""
    yield from (f"## Not here ({len(ABSENT)})", "", *_NOT_HERE.splitlines(), "")
    yield from (row(["method", "paper", "survey §", "why"]), row(["---"] * 4))
    for one in ABSENT:
        yield row([one.name, _link(one.paper) if one.paper else "–", one.section, one.why])


def _cells(method: Method) -> list[str]:
    told = "; ".join(f"{words} {_link(paper)}" for paper, words in method.titles.items())
    name = f'<a id="{method.anchor}"></a>`{method.name}`'
    file = f"[{method.file.name}](../src/{method.file})"
    return [
        name,
        told.strip(),
        section(method).replace("*", "\\*"),
        file,
        _equation(method),
        _test(method),
        f"`{command(method)}`",
    ]


def _equation(method: Method) -> str:
    """The docstring's; of an algorithm the sum that its parts fill, with a link to them."""
    if method.kind == "algorithm":
        first, *_ = effective(algorithms()[method.name])
        return f"`{first}`, [its parts](algorithms/{method.name}.md)"
    return f"`{method.equation}`" if method.equation else ""


def found_test(method: Method) -> str:
    """The path and name of its test; empty if there is none."""
    if method.name in CHOSEN:
        return CHOSEN[method.name]
    found = oracle(method)
    return f"{found.file}::{found.name}" if found else ""


def _test(method: Method) -> str:
    path, _, name = found_test(method).partition("::")
    return f"[{name}](../tests/{path})" if path else "*none found*"


def _link(paper: str) -> str:
    return f"[arXiv:{paper}](https://arxiv.org/abs/{paper})"
