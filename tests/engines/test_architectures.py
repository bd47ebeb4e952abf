"""Forty architectures: each engine is exact or refuses by name, as docs/architectures.md says."""

import json
from pathlib import Path

import pytest

from whet.engines.embedded.engine import Embedded
from whet.engines.plain.engine import Plain
from whet.engines.random_models import RandomModel
from whet.testing.architectures import ARCHITECTURES, settings_of
from whet.testing.engines.verdict import engine_verdict

ENGINES = {"embedded": Embedded(device="cpu"), "plain": Plain(device="cpu")}
FILE = Path(__file__).parents[2] / "benchmarks" / "architectures.json"
KNOWN = json.loads(FILE.read_text())
PAGE = FILE.parent.parent / "docs" / "architectures.md"
CLOSE = ("llama", "deepseek_v3", "lfm2")  # looked at by every change, the others in the full suite


def stood(name, engine, folder):
    kind, settings = settings_of(name)
    return engine_verdict(
        ENGINES[engine], RandomModel(model_type=kind, settings=settings).save(folder)
    )


def test_the_list_has_forty_architectures():
    assert len({settings_of(name)[0] for name in ARCHITECTURES}) == 40


def test_the_page_tells_of_every_row_and_none_is_wrong():
    page = PAGE.read_text()
    assert KNOWN.keys() == ARCHITECTURES.keys()
    for name, row in KNOWN.items():
        assert f"| {name} |" in page
        for engine in ENGINES:
            assert not row[engine]["wrong"], name
            assert row[engine]["exact"] or row[engine]["refused"], name


@pytest.mark.parametrize("name", [name for name in CLOSE if KNOWN[name]["embedded"]["refused"]])
def test_a_refusal_is_one_line_with_the_model_and_the_remedy(name, tmp_path):
    found = stood(name, "embedded", tmp_path)
    assert not found.exact
    assert f"model '{settings_of(name)[0]}'" in found.refused
    assert "--engine plain" in found.refused
    assert "\n" not in found.refused


@pytest.mark.full
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_engine_is_exact_or_refuses_as_the_table_says(name, engine, tmp_path):
    found = stood(name, engine, tmp_path)
    assert not found.wrong
    assert found.exact == KNOWN[name][engine]["exact"]
    assert bool(found.refused) == bool(KNOWN[name][engine]["refused"])
