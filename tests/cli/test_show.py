"""What an algorithm says of itself: equation, sources, needs, relatives."""

import json
from dataclasses import dataclass, replace

import pytest
import torch

from whet.cli.catalogue import entries
from whet.cli.explain import effective, settings
from whet.cli.explain.pages import algorithms, page
from whet.cli.explain.parts import brief
from whet.cli.explain.relatives import nearest, slots
from whet.cli.explain.sources import departures, of_parts, sentences, unconfirmed
from whet.cli.explain.symbols import occurring
from whet.cli.main import main
from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.algorithms.critic_free.echo import echo
from whet.policy.algorithms.critic_free.grpo import grpo
from whet.policy.clipping import Imitation
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.implicit_rewards import ImplicitRewards
from whet.policy.inspection import walk
from whet.policy.objective import BatchLoss, Term
from whet.policy.ratios import LogLikelihood
from whet.policy.regularisers import K2, K3
from whet.policy.selections import Both, Correct, External, Not, PolicyTokens
from whet.policy.sharing import OncePerToken
from whet.protocols.algorithm import Algorithm, BatchCriterion, Correction, Sharing

ENTRIES = entries("algorithms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(BatchCriterion):
    """L = Π_n log π_θ(n), which nobody should train with."""

    scale: float = 2.0

    def __call__(self, learner_logp, batch):
        return self.scale * learner_logp.prod()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone(Algorithm):
    """An algorithm that has no slots."""

    scale: float = 2.0
    sharing: Sharing = OncePerToken()

    def loss(self, learner_logp, batch):
        return self.scale * learner_logp.sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped(Correction):
    """c_n = cap."""

    cap: float = 2.0

    def __call__(self, batch):
        return torch.full_like(batch.advantage, self.cap)


@pytest.fixture
def mixed():
    """Two sums, a weight, a companion."""
    imitated = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        corrections=(Capped(cap=3.0),),
        on=Both(one=External(), other=Not(of=Correct())),
    )
    return replace(
        grpo(),
        on=PolicyTokens(),
        extra=(imitated,),
        companions=(Demonstrations(count=2),),
        why_not_reinforce="it is taught",
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_algorithm_has_a_whole_page(entry):
    found = page(entry)
    theory, algorithm = found.theory, algorithms()[entry.name]
    assert theory is not None
    text = "\n".join(theory.equation)
    assert all(f"{type(part).__name__}(" in text for part in walk(algorithm) if _drawn(part))
    assert len(theory.needs) == len(algorithm.needs)
    assert len(theory.companions) == len(algorithm.companions)
    assert found.source
    assert found.says
    assert found.lines > 0
    assert len(theory.symbols) > 0
    assert " object at 0x" not in text


def _drawn(part):
    """Sharing is told where it isn't the default."""
    return not hasattr(part, "loss") and not isinstance(part, Term | Sharing)


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_relatives_are_the_nearest_and_say_every_slot_that_differs(name):
    known = algorithms()
    mine, relatives = slots(known[name]), nearest(name, known)
    counts = [len(relative.differences) for relative in relatives]
    assert len(relatives) <= 4
    assert counts == sorted(counts)
    for relative in relatives:
        theirs = slots(known[relative.name])
        changed = [s for s in {**mine, **theirs} if mine.get(s) != theirs.get(s)]
        assert relative.name != name
        assert len(relative.differences) == len(changed)


def test_gspo_and_gspo_token_differ_in_their_ratio_alone():
    first, *_ = nearest("gspo", algorithms())
    assert first == ("gspo_token", ("r: SequenceRatio → SequenceTokenRatio",))


def test_numbers_of_the_same_part_are_told_one_by_one():
    other = replace(grpo(), clipping=replace(grpo().clipping, high=0.3), regularisers=())
    (found,) = nearest("grpo", {"grpo": grpo(), "other": other})
    assert found.differences == ("f: Clipped(high: 0.2 → 0.3)", "k: K3(beta=0.04) → none")


def test_only_what_is_there_is_in_the_equation():
    assert effective(replace(grpo(), regularisers=()))[0] == "J(θ) = Σ_n w_n · f(r_n, Â_n)"
    assert effective(grpo())[0] == "J(θ) = Σ_n w_n · ( f(r_n, Â_n) − k(π_θ)_n )"
    both = replace(grpo(), regularisers=(K2(beta=0.1), K3(beta=0.2)), corrections=(Capped(),))
    assert effective(both)[0] == "J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ)_n )"


def test_a_sum_over_observations_says_its_coefficient_and_its_tokens():
    said = effective(echo(coefficient=0.1))
    assert said[:3] == [
        "J(θ) = J₁ + J₂",
        "J₁ = Σ_n w_n · f(r_n, Â_n)",
        "J₂ = 0.1 · Σ_{o ∈ observations} w_o · log π_θ(o)",
    ]
    assert "in J₂, over the tokens of observations" in said
    assert brief(echo().extra) == "ObservationLikelihood"
    assert brief(echo(coefficient=0.1).extra) == "ObservationLikelihood(coefficient=0.1)"


def test_further_sums_say_over_which_tokens_and_companions_their_numbers(mixed):
    said = effective(mixed)
    assert said[:3] == [
        "J(θ) = J₁ + J₂",
        "J₁ = Σ_{n ∈ PolicyTokens} w_n · ( f(r_n, Â_n) − k(π_θ)_n )",
        "J₂ = Σ_{n ∈ External ∩ not Correct} w_n · c_n f(r_n, Â_n)",
    ]
    text = "\n".join(said)
    assert "c  corrections: Capped(cap=3.0)" in text
    assert "  Demonstrations(count=2)" in text
    assert "demonstrations (from Demonstrations)" in text
    assert "a reference policy (from" not in text
    assert said[-1] == "on-policy it is not REINFORCE: it is taught"


def test_a_criterion_of_the_whole_batch_is_shown_as_one():
    text = "\n".join(effective(BatchLoss(criterion=Product(), advantage=RewardOnly())))
    assert "L  criterion: Product(scale=2.0)" in text
    assert "L = Π_n log π_θ(n), which nobody should train with." in text
    assert "J(θ)" not in text


def test_any_other_object_with_a_loss_is_shown_by_its_own_words():
    said = effective(Alone(scale=3.0))
    assert said[0] == "minimise Alone.loss(log π_θ, batch)"
    assert "   scale: 3.0" in said


def test_letters_are_explained_where_they_occur_and_only_there():
    assert set(occurring(["w_n = 1 / N"])) == {"n", "w", "N"}
    assert set(occurring(["words of Nobody, R and B"])) == set()
    assert "π_ref" in occurring(["k = β (log π_θ − log π_ref)(n)"])
    assert "sg[" in occurring(["r_n = sg[clip(r)]"])


def test_a_sentence_ends_at_its_full_stop_and_not_at_a_doctors():
    text = "Dr. GRPO (arXiv:2503.20783).  w = 1\nover L.\n\nThe paper\nsays so. It may."
    assert sentences(text) == [
        "Dr. GRPO (arXiv:2503.20783).",
        "w = 1 over L.",
        "The paper says so.",
        "It may.",
    ]


def test_what_is_unconfirmed_is_found_in_docstrings_and_in_comments_of_fields():
    said = of_parts(ImplicitRewards())
    assert unconfirmed(said) == ["ImplicitRewards: optimizer: AdamW = AdamW(lr=1e-6) (unconfirmed)"]
    words = [("", "The form is ours.  The id is unconfirmed, says the paper.  It works.")]
    assert departures(words) == ["The form is ours."]


def test_a_value_reads_the_same_in_every_process():
    assert settings(frozenset({"b", "a"})) == "{'a', 'b'}"
    assert settings((1, K2(beta=0.5))) == "(1, K2(beta=0.5, anchor=Reference()))"
    assert settings(sentences) == "sentences"
    assert settings(object()) == "<object object>"
    assert brief(Capped()) == "Capped"
    assert brief(Capped(cap=3.0)) == "Capped(cap=3.0)"


def test_show_prints_all_of_it(capsys):
    assert main(["show", "reinforce_pp"]) == 0
    said = capsys.readouterr().out
    for words in (
        "arXiv:2501.03262",
        "where RewardToGo(beta=0.05, discount=1.0)",
        "needs a reference policy",
        "\nsymbols\n",
        "\nsource (arXiv)\n  this algorithm: 2501.03262\n",
        "  beta = 0.05\n",
        "\nunconfirmed\n  The paper's β is not confirmed",
        "\nnearest relatives, and their differences\n  ",
    ):
        assert words in said


def test_show_in_json_is_flat(capsys):
    assert main(["show", "dapo", "--json"]) == 0
    found, recipe = json.loads(capsys.readouterr().out)
    assert [found["kind"], recipe["kind"]] == ["algorithms", "recipes"]
    assert found["papers"] == ["2503.14476"]
    assert found["needs"] == ["several rollouts per task"]
    assert found["equation"][0].startswith("J(θ)")
    assert main(["show", "exact", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["kind"] == "rewards"
    assert "relatives" not in found


def test_list_counts_families_and_lines(capsys):
    assert main(["list", "algorithms", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["algorithms"]
    families = {"critic_free", "critic_based", "off_policy", "distillation"}
    assert found["count"] == len(found["parts"]) == sum(found["families"].values())
    assert set(found["families"]) <= families
    assert 0 < found["lines"]["median"] <= found["lines"]["max"]
    assert main(["list", "algorithms"]) == 0
    said = capsys.readouterr().out
    assert f"algorithms: {found['count']}, files of" in said
    assert f"({found['families']['critic_free']})" in said
