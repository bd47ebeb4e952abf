"""What a plan says before anything is computed: the loss in effect, doubts, refusals."""

from dataclasses import replace
from pathlib import Path

import pytest

from whet.cli.main import main
from whet.policy.aggregation import FixedLength
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.dr_grpo import dr_grpo
from whet.policy.algorithms.critic_free.grpo import grpo
from whet.policy.extensions.critic import Critic
from whet.policy.inspection import errors, walk, warnings
from whet.policy.regularisers import K1
from whet.types import RunSpec

RECIPE = str(Path(__file__).with_name("recipe_small.py"))
HERE = RunSpec(samples=16, max_new_tokens=512, steps=100, minibatches=2)

PICKY = '''
"""A recipe whose gate has opinions."""

from dataclasses import dataclass, replace
from typing import ClassVar

from whet.protocols import Gate
from whet.recipes.quickstart import quickstart
from whet.training.run import Run
from whet.types import RunSpec, Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Gate):
    """Opens late."""

    standing_warning: ClassVar[str] = "Slow takes its time"

    after: int = 30

    def __call__(self, group: Group) -> bool:
        return True

    def run_error(self, spec: RunSpec) -> str:
        """Not before the end."""
        if spec.steps > self.after:
            return ""
        return f"sampling.gate.after is {self.after} of {spec.steps} steps; give less"


def picky() -> Run:
    """Forty steps."""
    run = quickstart()
    return replace(run, sampling=replace(run.sampling, gate=Slow()))
'''

TAUGHT = '''
"""A recipe with two sums and a companion."""

from dataclasses import replace

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Unclipped
from whet.policy.objective import Term
from whet.policy.ratios import LogLikelihood
from whet.policy.selections import Correct
from whet.recipes.quickstart import quickstart
from whet.training.run import Run


def taught() -> Run:
    """Right replies count twice."""
    run = quickstart()
    term = Term(
        ratio=LogLikelihood(), clipping=Unclipped(), aggregation=SelectedTokenMean(), on=Correct()
    )
    return replace(run, objective=replace(run.objective, extra=(term,)))
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with recipes."""
    monkeypatch.chdir(tmp_path)
    Path("picky.py").write_text(PICKY)
    Path("taught.py").write_text(TAUGHT)
    return tmp_path


def test_every_sum_is_in_the_plan(here, capsys):
    assert main(["plan", "taught.py"]) == 0
    said = capsys.readouterr().out
    assert "J(θ) = J₁ + J₂" in said
    assert "J₂ = Σ_{n ∈ Correct} w_n · f(r_n, Â_n)" in said
    assert "512 rollouts" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--algorithm", "grpo", "--sampling.size.rollouts", "3"], "the deviation of 3 rewards"),
        (["--algorithm", "dr_grpo", "--objective.aggregation.length", "20"], "24 tokens"),
        (["--algorithm", "rloo", "--minibatches", "2"], "log π_θ in place of a ratio"),
    ],
)
def test_a_doubt_is_a_note(here, capsys, words, told):
    assert main(["plan", RECIPE, *words]) == 0
    notes = [x for x in capsys.readouterr().out.splitlines() if x.startswith("note: ")]
    assert any(told in note for note in notes)


@pytest.mark.parametrize(("algorithm", "count"), [("grpo", 2), ("dr_grpo", 2), ("rloo", 1)])
def test_a_plain_plan_has_no_notes(here, capsys, algorithm, count):
    words = ["--algorithm", algorithm, "--minibatches", str(count), "--steps", "60"]
    assert main(["plan", RECIPE, *words, "--periodic.every", "20"]) == 0
    assert "note: " not in capsys.readouterr().out


def test_the_share_of_evaluation_is_said_and_too_much_of_it_noted(here, capsys):
    """6 steps of 16 rollouts; 2 × 8 problems × 5, and after 3 and 6 steps 6 problems × 3."""
    assert main(["plan", RECIPE]) == 0
    said = capsys.readouterr().out
    assert "evaluation: 116 rollouts, 55% of the run's" in said
    assert "note: evaluation is 55% of the run's rollouts" in said
    words = ["--steps", "100", "--periodic.every", "30", "--minibatches", "2"]
    assert main(["plan", RECIPE, *words]) == 0
    said = capsys.readouterr().out
    assert "evaluation: 152 rollouts, 9% of the run's" in said  # after 30, 60, 90 and 100 steps
    assert "note: " not in said


@pytest.mark.parametrize(
    ("algorithm", "idle"),
    [
        *((name, 1) for name in ("grpo", "ce_gppo", "cispo", "aspo", "gmpo", "dapo", "dppo")),
        *(
            (name, 2) for name in ("cpgd", "kimi_k25", "dppo_squared", "fipo")
        ),  # and a penalty or a weight
        *((name, 1) for name in ("kimi", "vespo", "m2po", "sat")),
    ],
)
def test_a_bound_that_cannot_act_is_doubted(algorithm, idle):
    """One optimizer step per batch: the ratio is 1, and dapo is cispo."""
    once = replace(HERE, minibatches=1)
    doubts = [doubt for doubt in warnings(load(algorithm), once) if "has no effect" in doubt]
    assert len(doubts) == idle
    assert all("minibatches is 1" in doubt for doubt in doubts)
    assert warnings(load(algorithm), HERE) == []


def test_what_a_part_warns_of_is_a_note(here, capsys):
    assert main(["plan", "picky.py"]) == 0
    assert "note: Slow takes its time" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["plan", "train"])
def test_what_a_part_refuses_is_not_begun(here, capsys, command):
    assert main([command, "picky.py", "--sampling.gate.after", "40"]) == 2
    said = capsys.readouterr()
    assert said.err == "whet: sampling.gate.after is 40 of 40 steps; give less\n"
    assert said.out == ""
    assert not Path("runs").exists()


def test_a_critic_that_learns_alone_for_the_whole_run_is_refused(here, capsys):
    assert main(["train", RECIPE, "--algorithm", "vapo", "--steps", "50"]) == 2
    assert "Critic.pretrain_steps is 50 of 50 steps" in capsys.readouterr().err
    assert errors(Critic(pretrain_steps=50), HERE) == []
    assert len(errors(Critic(pretrain_steps=100), HERE)) == 1


def test_k1_warns_wherever_it_is():
    with pytest.warns(UserWarning, match="expected gradient of 0"):
        price = K1(beta=0.1)
    assert warnings(replace(grpo(), regularisers=(price,)), HERE) == [K1.standing_warning]


def test_a_doubt_names_its_bound():
    doubted = FixedLength(length=100).run_warning(HERE)
    assert "length is 100" in doubted
    assert "512" in doubted
    assert not FixedLength(length=512).run_warning(HERE)
    assert warnings(dr_grpo(), HERE) == []
    assert errors(dr_grpo(), HERE) == []


def test_the_walk_sees_every_part_once_for_each_place():
    kinds = [type(part).__name__ for part in walk((grpo(), FixedLength(length=3)))]
    assert kinds == [
        "Objective",
        "Standardised",
        "TokenRatio",
        "Clipped",
        "SequenceMean",
        "K3",
        "Reference",
        "OncePerToken",
        "FixedLength",
    ]


@pytest.mark.parametrize("flag", ["--max-episode-tokens", "--sampling.decoding.max_episode_tokens"])
def test_the_budget_of_an_episode_bounds_the_tokens(flag, capsys):
    """The small recipe has replies of at most 24 tokens, and 96 rollouts."""
    assert main(["plan", RECIPE]) == 0
    assert "96 in all, at most 2,304 tokens\n" in capsys.readouterr().out
    assert main(["plan", RECIPE, flag, "3"]) == 0
    told = capsys.readouterr().out
    assert "96 in all, at most 288 tokens\n" in told
    assert "no reply has more than 3" in told


def test_of_several_turns_the_episode_alone_bounds_the_tokens(capsys):
    words = ["plan", RECIPE, "--environment", "guess"]
    assert main(words) == 0
    assert "at most 2,304 tokens for each reply\n" in capsys.readouterr().out
    assert main([*words, "--max-episode-tokens", "9"]) == 0
    assert "at most 864 tokens\n" in capsys.readouterr().out
