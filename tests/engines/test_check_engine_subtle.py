"""Subtle faults of engines are found, and healthy engines of all kinds are not refused."""

from dataclasses import replace

import pytest
import subtly_faulty as subtle
from faulty import Faulty

from whet.engines.embedded import scheduler
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.plain.engine import Plain
from whet.engines.random_models import RandomModel
from whet.engines.tokenizers import CharacterTokenizer
from whet.testing import ENGINE_LAWS, check_engine
from whet.testing.architectures import settings_of
from whet.testing.engines.verdict import ReadOnce
from whet.types import UsageError

LATER = (  # laws that the tests of single faults do not look at
    "a_conversation_is_a_full_forward",
    "updates_treat_live_replies_as_told",
    "weights_arrive_whole_and_on_time",
    "varied_rollouts_have_the_models_gradient",
    "steps_are_those_of_adamw",
    "an_update_tells_what_happened",
    "a_reference_stays",
)
LETTERS = CharacterTokenizer(alphabet="".join(map(chr, range(33, 127))))


def saved(folder, name="llama", tokenizer=None, **changes):
    kind, settings = settings_of(name)
    made = RandomModel(model_type=kind, settings={**settings, **changes})
    return (made if tokenizer is None else replace(made, tokenizer=tokenizer)).save(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def model(folder):
    return ReadOnce(folder)


def broken(engine, model, law):
    report = check_engine(engine, model, laws=(law,))
    return [finding.law for finding in report.failures]


@pytest.mark.parametrize("fault", subtle.GENERATORS)
def test_a_generators_subtle_fault_is_found(model, fault):
    law, generator = subtle.GENERATORS[fault]
    assert broken(Faulty(generator=generator), model, law) == [law]


@pytest.mark.parametrize("fault", subtle.LEARNERS)
def test_a_learners_subtle_fault_is_found(model, fault):
    law, learner = subtle.LEARNERS[fault]
    assert broken(Faulty(learner=learner), model, law) == [law]


@pytest.mark.parametrize("fault", subtle.DRAWS)
def test_tokens_of_another_distribution_are_found(model, fault, monkeypatch):
    law, draw = subtle.DRAWS[fault]
    monkeypatch.setattr(scheduler, "draw", draw)
    assert broken(Embedded(device="cpu"), model, law) == [law]


def test_a_reference_that_is_not_that_of_its_folder_is_found(model, folder):
    found = broken(Faulty(learner=subtle.at(folder.path)), model, "a_reference_stays")
    assert found == ["a_reference_stays"]


def test_a_sound_engine_obeys_the_laws_of_later_turns_and_steps(model):
    report = check_engine(Faulty(), model, laws=LATER)
    assert [finding.law for finding in report.findings if finding.passed] == [*LATER]


def test_replies_that_are_computed_at_once_are_not_under_way(model):
    law = "updates_treat_live_replies_as_told"
    report = check_engine(Plain(device="cpu"), model, laws=(law,))
    assert report.passed
    assert report.findings[0].unshown


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_a_tied_embedding_may_be_the_largest_tensor(name, tmp_path):
    tied = {"tie_word_embeddings": True}
    model = ReadOnce(saved(tmp_path, name, LETTERS, **tied))
    laws = ("weights_arrive_whole_and_on_time", "a_step_moves_what_has_a_gradient")
    report = check_engine(Embedded(device="cpu"), model, laws=laws)
    assert report.passed, str(report)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_adapters_are_sound(folder, dtype):
    pytest.importorskip("peft")
    held = ReadOnce(replace(folder, dtype=dtype))
    laws = ("a_step_moves_what_has_a_gradient", *LATER)
    report = check_engine(Embedded(device="cpu", lora=LoRA(rank=2)), held, laws=laws)
    assert report.passed, str(report)
    shown = [finding.law for finding in report.findings if finding.passed]
    assert {"a_step_moves_what_has_a_gradient", "weights_arrive_whole_and_on_time"} <= {*shown}


def test_experts_may_be_chosen_otherwise_in_low_precision(tmp_path):
    """Of this model one log-prob in bfloat16 is off by 0.62, where 0.4 is rounding."""
    held = replace(saved(tmp_path, "mixtral"), dtype="bfloat16")
    laws = (
        "temperature_is_as_declared",
        "truncation_is_as_declared",
        "log_probs_are_the_models",
        "tokens_come_as_often_as_declared",
    )
    report = check_engine(Embedded(device="cpu"), ReadOnce(held), laws=laws)
    assert report.passed, str(report)


def test_a_model_without_room_for_a_reply_is_refused_in_one_line(tmp_path):
    short = saved(tmp_path, max_position_embeddings=12)
    with pytest.raises(UsageError, match=r"12 positions.*give a model with 13"):
        check_engine(Embedded(device="cpu"), short)


@pytest.mark.full
@pytest.mark.parametrize("name", ["mixtral", "qwen3_moe", "opt", "gemma", "qwen2"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_obeys_every_law(name, dtype, tmp_path):
    held = ReadOnce(replace(saved(tmp_path, name), dtype=dtype))
    report = check_engine(Embedded(device="cpu"), held)
    assert report.passed, str(report)
    assert len(report.findings) == len(ENGINE_LAWS)
