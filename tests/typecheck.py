"""Checkers that run at every boundary under test: an int is a float, as for every linter.

Arguments and results are checked by beartype.  Modules that name the axes of an array are
checked through jaxtyping, which holds the axes of one call against each other; so are modules
with names that only a linter imports, for which jaxtyping takes anything.  Its wrapper costs
more than most functions do, so the other modules go without it.
"""

from importlib.util import find_spec
from pathlib import Path

from beartype import BeartypeConf, beartype
from beartype.claw import beartype_package
from jaxtyping import install_import_hook

CONF = BeartypeConf(is_pep484_tower=True, claw_is_pep526=False)
MARKS = ("from jaxtyping import", "TYPE_CHECKING")
tower = beartype(conf=CONF)


def install(package: str) -> None:
    """Check a package that has not been imported yet."""
    beartype_package(package, conf=CONF)
    install_import_hook(for_jaxtyping(package), "typecheck.tower")


def for_jaxtyping(package: str) -> list[str]:
    """The modules of a package that jaxtyping has to see."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    top = Path(spec.origin).parent
    return [
        ".".join(path.relative_to(top.parent).with_suffix("").parts)
        for path in sorted(top.rglob("*.py"))
        if any(mark in path.read_text("utf-8") for mark in MARKS)
    ]
