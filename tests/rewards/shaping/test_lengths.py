"""Length rewards: hand numbers of the published forms."""

import json
from pathlib import Path

import pytest
from said import Marks, asked, replied, scores

from whet.rewards.shaping.alp import Alp
from whet.rewards.shaping.arora_zanette import AroraZanette
from whet.rewards.shaping.kimi_length import KimiLength
from whet.rewards.shaping.l1_exact import L1Exact
from whet.rewards.shaping.l1_max import L1Max
from whet.rewards.shaping.laser import Laser
from whet.rewards.shaping.laser_d import LaserD
from whet.rewards.shaping.laser_de import LaserDe
from whet.rewards.shaping.linear_length import LinearLength
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.shorter_better import ShorterBetter
from whet.types import Task, UsageError


def group(*lengths_and_words):
    return [replied(word, length=length) for length, word in lengths_and_words]


R, W, F = "42", "7", "fault"


def test_overlong_is_what_the_oracle_says():
    path = Path(__file__).parents[2] / "policy" / "algorithm_oracles.json"
    oracle = json.loads(path.read_text())["dapo_overlong"]
    lengths, wanted = oracle["inputs"]["lengths"], oracle["expected"]["penalty"]
    settings = {"longest": oracle["params"]["L_max"], "cushion": oracle["params"]["L_cache"]}
    judge = Overlong(**settings, inner=Marks())
    found = asked(judge, group(*((length, W) for length in lengths)))
    assert scores(found) == pytest.approx(wanted, abs=1e-9)


def test_overlong():
    """L_max 20, C 4: L = 10, 16, 18, 20 → 0, 0, −.5, −1."""
    judge = Overlong(longest=20, cushion=4, inner=Marks())
    found = asked(judge, group((10, R), (16, R), (18, R), (20, W), (30, F)))
    assert scores(found)[:4] == [1, 1, 0.5, -1]
    assert found[2].parts == {"unshaped": 1, "overlong": -0.5}
    assert [v.correct for v in found[:4]] == [True, True, True, False]
    assert found[4].fault


def test_l1_exact():
    """C = 1, L* = 900, L = 1200 → .9."""
    judge = L1Exact(target=900, alpha=1 / 3000, inner=Marks())
    assert scores(asked(judge, group((1200, R), (900, W)))) == pytest.approx([0.9, 0])
    asked_for = Task(id="t", prompt="?", answer="42", info={"length": 1200})
    [found] = asked(judge, [replied(R, task=asked_for, length=1200)])
    assert found.score == 1 and found.parts["length"] == 0


def test_l1_max_is_at_least_half_within_the_budget():
    judge = L1Max(target=900, alpha=1e-3, inner=Marks())
    found = scores(asked(judge, group((900, R), (300, R), (1400, R), (100, W), (1000, R))))
    assert found == pytest.approx([0.5, 1, 0, 0, 0.4])


def test_kimi():
    """L = 10, 20, 30 → .5, 0, −.5;  wrong ones only pay."""
    judge = KimiLength(inner=Marks())
    assert scores(asked(judge, group((10, R), (20, R), (30, R)))) == [1.5, 1, 0.5]
    assert scores(asked(judge, group((10, W), (20, W), (30, W)))) == [0, 0, -0.5]
    assert scores(asked(judge, group((9, R), (9, W), (99, F)))[:2]) == [1, 0]
    with pytest.raises(UsageError, match=r"kimi_length\.weight is 2"):
        KimiLength(weight=2)


def test_alp():
    """p̂ = .75, β = .05, L/L_max = .4 → c − .015."""
    judge = Alp(longest=10, inner=Marks())
    found = scores(asked(judge, group((4, R), (4, R), (4, R), (4, W))))
    assert found == pytest.approx([0.985, 0.985, 0.985, -0.015])
    assert scores(asked(judge, group((10, W), (10, W)))) == pytest.approx([-0.025, -0.025])


def test_shorter_better():
    """L = 100 wrong, 200, 300 right, 400 wrong → −.1, 2, 1.9, −.2."""
    judge = ShorterBetter(inner=Marks())
    found = scores(asked(judge, group((100, W), (200, R), (300, R), (400, W))))
    assert found == pytest.approx([-0.1, 2, 1.9, -0.2])
    assert scores(asked(judge, group((100, W), (300, W)))) == pytest.approx([-0.1, -0.1])


def test_laser_and_its_kin():
    assert scores(asked(Laser(inner=Marks()), group((2048, R), (2049, R), (1, W)))) == [1.5, 1, 0]
    easy = group((1024, R), (1025, R), (9999, R), (9999, W))
    assert scores(asked(LaserD(inner=Marks()), easy)) == [1.5, 1, 1, 0]
    assert scores(asked(LaserDe(inner=Marks()), easy)) == [1.5, 1, 1, 0.5]
    hard = group((4096, R), (4096, W), (5000, W), (5000, W))
    assert scores(asked(LaserDe(inner=Marks()), hard)) == [1.5, 0, 0.5, 0.5]
    with pytest.raises(UsageError, match=r"laser_d\.targets"):
        LaserD(targets=(1, 2))
    with pytest.raises(UsageError, match=r"laser_d\.bounds"):
        LaserD(bounds=(0.6, 0.3))
    with pytest.raises(UsageError, match=r"laser_de\.alpha"):
        LaserDe(alpha=1.0)


def test_arora_zanette():
    """Z = 0 → 1 − α/2."""
    judge = AroraZanette(inner=Marks())
    found = scores(asked(judge, group((10, R), (20, R), (30, R), (999, W))))
    assert found[1] == pytest.approx(0.9) and found[3] == 0
    assert found[0] > found[1] > found[2] >= 0.8
    assert scores(asked(judge, group((10, R)))) == pytest.approx([0.9])


def test_linear_group_length():
    judge = LinearLength(weight=0.1, inner=Marks())
    found = scores(asked(judge, group((10, R), (20, R), (40, W), (40, W))))
    assert found == pytest.approx([1 - 0.1 * 0.5 * 0.25, 1 - 0.1 * 0.5 * 0.5, 0, 0])


@pytest.mark.parametrize(
    ("judge", "settings", "field"),
    [
        (Overlong, {"cushion": 0}, "overlong.cushion"),
        (Overlong, {"weight": -1.0}, "overlong.weight"),
        (L1Exact, {"target": 0}, "l1_exact.target"),
        (L1Max, {"alpha": -1.0}, "l1_max.alpha"),
        (Alp, {"longest": 0}, "alp.longest"),
        (AroraZanette, {"alpha": 1.0}, "arora_zanette.alpha"),
    ],
)
def test_sizes_of_nothing_are_refused(judge, settings, field):
    with pytest.raises(UsageError, match=field):
        judge(**settings)
