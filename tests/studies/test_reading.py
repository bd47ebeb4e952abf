"""The file of a study: what it becomes, and what is refused, with file, field and remedy."""

import pytest
from study_files import STUDY, written

from whet import studies
from whet.cli.main import main
from whet.cli.studies import resolved
from whet.evaluation.statistics.decision import Claim
from whet.rewards.unsupervised.random import Random
from whet.studies import reading
from whet.studies.endpoints.final_metric import FinalMetric
from whet.types import UsageError

FAULTS = {
    "not TOML": ('name = "coins"', "name = coins", ("coins.toml", "TOML", "line 2")),
    "unknown field": ('claim = "A', 'clam = "A', ("clam", "claim")),
    "no name": ('name = "coins"', "", ("name", "missing")),
    "a name that is no file": ('name = "coins"', 'name = "a/b"', ("name", "a/b")),
    "a claim that is no text": (
        'claim = "A coin teaches less than the checker."',
        "claim = 3",
        ("claim", "3", "text"),
    ),
    "unknown recipe": ("recipe = ", 'recipe = "quickstrat" # ', ("arms.checked", "quickstart")),
    "no recipe file": ("study_recipe.py", "study_recipes.py", ("arms.checked", "study_recipes.py")),
    "unknown setting": ("optimizer.lr", "optimizer.rl", ("settings", "optimizer.rl", "lr")),
    "setting of an arm": ('reward = "random"', "rewards = 3", ("arms.coin", "rewards")),
    "unknown part": ('reward = "random"', 'reward = "randm"', ("arms.coin", "random")),
    "a value that the run refuses": ("steps = 0", "steps = -1", ("arms.untrained", "steps")),
    "the seed as a setting": ("optimizer.lr = 2e-3", "seed = 3", ("seed", "tiers")),
    "a flag of the command": ("optimizer.lr = 2e-3", 'name = "x"', ("name", "leave it out")),
    "unknown arm": ("{ coin = 1", "{ con = 1", ("contrasts.1.weights.con", "coin")),
    "weights beside 0": ("checked = -0.5", "checked = -0.4", ("contrasts.1.weights", "0.1")),
    "no weights": ("{ checked = 1, untrained = -1 }", "{}", ("contrasts.0.weights", "0")),
    "weight as text": ("checked = 1,", 'checked = "1",', ("contrasts.0.weights.checked", "'1'")),
    "unknown direction": ('"higher"', '"up"', ("contrasts.0.claim", "'up'", "higher")),
    "negative delta": ("delta = 0.05", "delta = -0.05", ("contrasts.0.delta", "-0.05")),
    "delta not finite": ("delta = 0.05", "delta = nan", ("contrasts.0.delta", "nan")),
    "no delta": ("delta = 0.05", "", ("contrasts.0.delta", "missing")),
    "two contrasts of a name": ('"less than half"', '"gain"', ("contrasts.1.name", "gain")),
    "unknown endpoint": ("final_metric", "final_metrics", ("endpoint", "final_metric")),
    "field of the endpoint": ("metric = ", "metrics = ", ("endpoint", "metrics", "metric")),
    "no such metric": ('"length"', '"pass@7"', ("endpoint.metric", "pass@7", "pass@1")),
    "seeds repeated": ("[0, 1]", "[0, 1, 0]", ("tiers.full.seeds", "0", "once")),
    "one seed": ("[0, 1]", "[0]", ("tiers.full.seeds", "two")),
    "negative seed": ("[0, 1]", "[0, -1]", ("tiers.full.seeds", "-1")),
    "unknown field of a tier": ("seeds = [0, 1]", "seed = [0, 1]", ("tiers.full.seed", "seeds")),
    "identity of one": ('["constant", "untrained"]', '["constant"]', ("identities.0.arms",)),
    "identity of no arm": ('"untrained"]', '"untraind"]', ("identities.0.arms", "untrained")),
    "arm that is no table": ("[arms.checked]", "[arms]\nchecked = 3\n", ("arms.checked", "3")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_with_file_field_and_remedy(fault, tmp_path, capsys):
    old, new, told = FAULTS[fault]
    file = written(tmp_path, (old, new))
    rows = tmp_path / "rows.jsonl"
    words = ["study", "run", str(file), "--out", str(rows), "--runs", str(tmp_path / "runs")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(file) in said
    assert all(word in said for word in told), said
    assert sorted(tmp_path.iterdir()) == [file]  # nothing was begun


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rnu", "FILE"], ("'rnu'", "run")),
        (["run"], ("STUDY",)),
        (["run", "nowhere.toml"], ("nowhere.toml",)),
        (["run", "spurious_reward"], ("spurious_rewards",)),
        (["run", "FILE", "--tier", "ful"], ("'ful'", "full")),
        (["run", "FILE", "--runs", ""], ("runs",)),
    ],
)
def test_words_that_say_nothing(words, told, tmp_path, capsys):
    file = written(tmp_path)
    assert main(["study", *(str(file) if word == "FILE" else word for word in words)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(word in said for word in told), said


def test_a_study_is_what_its_file_says(tmp_path):
    study = reading.read(written(tmp_path))
    assert (study.name, list(study.arms)) == ("coins", ["checked", "coin", "constant", "untrained"])
    gain, half = study.contrasts
    assert gain.weights == {"checked": 1.0, "untrained": -1.0}
    assert (gain.claim, gain.delta) == (Claim.HIGHER, 0.05)
    assert (half.claim, half.delta) == (Claim.LOWER, 0.0)
    assert study.tiers["full"].seeds == (0, 1)


def test_settings_are_those_of_all_then_of_the_tier_then_of_the_arm(tmp_path):
    file = str(written(tmp_path))
    full, smoke = (resolved(file, tier) for tier in ("full", "smoke"))
    assert {arm: run.steps for arm, run in full.runs.items()} == {
        "checked": 3,
        "coin": 3,
        "constant": 3,
        "untrained": 0,
    }
    assert smoke.runs["checked"].steps == 1
    assert smoke.runs["untrained"].steps == 0
    assert all(run.optimizer.lr == 2e-3 for run in full.runs.values())
    assert isinstance(full.runs["coin"].reward, Random)
    assert full.endpoint == FinalMetric(metric="length")
    assert full.run_of(("coin", 1)).seed == 1


def test_the_digest_is_of_settings_that_matter(tmp_path):
    plain = resolved(str(written(tmp_path)), "full")
    others = {
        "lr": ("2e-3", "3e-3"),
        "endpoint": ('"length"', '"pass@1"'),
        "seeds": ("[0, 1]", "[0, 1, 2]"),
        "checkpoints": ("optimizer.lr", "checkpoints.keep = 5\noptimizer.lr"),
        "delta": ("delta = 0.05", "delta = 0.1"),
    }
    digests = {
        n: resolved(str(written(tmp_path, c)), "full").digest("coin") for n, c in others.items()
    }
    equal = {name for name, digest in digests.items() if digest == plain.digest("coin")}
    assert equal == {"seeds", "checkpoints", "delta"}
    assert len({plain.digest(arm) for arm in plain.runs}) == 4


@pytest.mark.parametrize("name", studies.names())
def test_studies_of_the_library_resolve_at_every_tier(name):
    study = reading.read(studies.find(name))
    assert study.name == name
    for tier in study.tiers:
        plan = resolved(name, tier)
        assert list(plan.runs) == list(study.arms)
    assert set(study.tiers["smoke"].seeds).isdisjoint(study.tiers["full"].seeds)


def test_the_text_here_is_sound(tmp_path):
    assert "registered" in STUDY
    with pytest.raises(UsageError, match="nowhere"):
        reading.read(tmp_path / "nowhere.toml")
