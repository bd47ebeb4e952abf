"""Models without a limit of positions: the embedded engine names the remedy, and it works."""

import asyncio

import pytest

from whet.cli.main import main
from whet.engines.embedded.engine import Embedded
from whet.engines.plain.engine import Plain
from whet.engines.random_models import RandomModel
from whet.testing import check_engine
from whet.types import UsageError

ENDLESS = {
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 128},
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64},
}


def saved(folder, kind):
    return RandomModel(model_type=kind, settings=ENDLESS[kind]).save(folder)


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_embedded_engine_refuses_in_one_line(kind, tmp_path, capsys):
    folder = saved(tmp_path, kind)
    with pytest.raises(UsageError, match=rf"'{kind}' has no limit of positions.*--engine plain"):
        check_engine(Embedded(device="cpu"), folder)
    asked = ["eval", folder.path, "--tasks", "chain", "--problems", "1", "--samples", "1"]
    assert main(asked) == 2
    (told,) = capsys.readouterr().err.strip().splitlines()
    assert "--engine plain" in told


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_plain_engine_has_no_limit(kind, tmp_path):
    folder, engine = saved(tmp_path, kind), Plain(device="cpu")
    player = asyncio.run(engine.player(folder, 0))
    assert player.generator.positions == 0
    assert engine.positions(folder) >= 2**31
