"""No number of the oracles goes untested."""

import re
from pathlib import Path

import pytest
from policy.oracles import ORACLES

HERE = Path(__file__).parent
FILES = [*HERE.glob("test_*.py"), *HERE.parent.glob("rewards/**/*.py")]
TESTED = "".join(path.read_text() for path in FILES)


@pytest.mark.parametrize("name", [name for name in ORACLES if not name.startswith("_")])
def test_every_oracle_is_asked(name):
    assert re.search(rf"""["/]{name}["/]""", TESTED), f"no test reads the oracle {name!r}"


def test_there_are_as_many_as_were_specified():
    assert sum(not name.startswith("_") for name in ORACLES) == 65
