"""The laws of engines: a sound engine obeys all of them, and each law finds its faults."""

from dataclasses import replace

import faulty
import faulty_learners as learners
import pytest
import subtly_faulty
from faulty import Faulty

from whet.engines.embedded import scheduler
from whet.engines.embedded.engine import Embedded
from whet.engines.plain.engine import Plain
from whet.engines.random_models import RandomModel
from whet.testing import ENGINE_LAWS, check_engine
from whet.testing.architectures import settings_of
from whet.testing.engines.verdict import ReadOnce

FAULTS = {
    "late log-probs": ("log_probs_are_the_models", {"generator": faulty.LateLogProbs}),
    "forgetful forks": ("a_fork_is_a_full_forward", {"generator": faulty.ForgetfulForks}),
    "crowded": ("neighbours_do_not_matter", {"generator": faulty.Crowded}),
    "one seed": ("seeds_are_respected", {"generator": faulty.OneSeed}),
    "new seeds": ("seeds_are_respected", {"generator": faulty.NewSeeds}),
    "endless": ("end_tokens_end_a_reply", {"generator": faulty.Endless}),
    "trimmed": ("end_tokens_end_a_reply", {"generator": faulty.Trimmed}),
    "stopless": ("stop_strings_end_a_reply", {"generator": faulty.stopless}),
    "lukewarm": ("temperature_is_as_declared", {"generator": faulty.lukewarm}),
    "whole": ("truncation_is_as_declared", {"generator": faulty.whole}),
    "unrecorded": ("truncation_is_as_declared", {"generator": faulty.Unrecorded}),
    "louder": ("gradients_are_the_models", {"learner": learners.louder}),
    "frozen": ("a_step_moves_what_has_a_gradient", {"learner": learners.frozen}),
    "restless": ("a_step_moves_what_has_a_gradient", {"learner": learners.Restless}),
    "last only": ("micro_batches_do_not_matter", {"learner": learners.last_only}),
    "unclipped": ("clipping_is_of_the_whole_gradient", {"learner": learners.Unclipped}),
    "hoarding": ("graphs_are_freed", {"learner": learners.Hoarding}),
    "fresh optimizer": ("state_is_restored", {"learner": learners.FreshOptimizer}),
    "moving reference": ("a_reference_stays", {"learner": learners.MovingReference}),
    "stale": ("weights_arrive_whole_and_on_time", {"generator": faulty.Stale}),
    "one norm late": ("weights_arrive_whole_and_on_time", {"generator": faulty.OneNormLate}),
    "trusting": ("weights_arrive_whole_and_on_time", {"generator": faulty.Trusting}),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    kind, settings = settings_of("llama")
    made = RandomModel(model_type=kind, settings=settings)
    return ReadOnce(made.save(tmp_path_factory.mktemp("llama")))


def test_a_sound_engine_passes(model):
    laws = ("a_fork_is_a_full_forward", "micro_batches_do_not_matter", "state_is_restored")
    report = check_engine(Faulty(), model, laws=laws)
    assert [finding.law for finding in report.findings if finding.passed] == [*laws]
    assert report.passed


@pytest.mark.full
def test_a_sound_engine_obeys_every_law(model):
    report = check_engine(Faulty(), model)
    assert [finding.law for finding in report.findings if finding.passed] == list(ENGINE_LAWS)
    assert report.passed
    assert report.gap < 0.5


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_explained(model, fault):
    law, parts = FAULTS[fault]
    report = check_engine(Faulty(**parts), model, laws=(law,))
    (finding,) = report.failures
    assert finding.law == law
    assert finding.failure
    assert not report.passed
    assert f"FAILED   {law}" in str(report)


def test_every_law_has_a_fault_that_it_finds():
    tables = (FAULTS, subtly_faulty.GENERATORS, subtly_faulty.LEARNERS, subtly_faulty.DRAWS)
    assert {law for table in tables for law, _ in table.values()} == set(ENGINE_LAWS)


def test_tokens_that_come_otherwise_than_their_log_probs_say_are_found(model, monkeypatch):
    monkeypatch.setattr(scheduler, "draw", faulty.hotter)
    report = check_engine(Embedded(), model, laws=("temperature_is_as_declared",))
    assert "how often tokens come" in report.failures[0].failure


def test_an_engine_that_raises_breaks_the_law_by_name(model):
    report = check_engine(
        Faulty(learner=learners.Broken), model, laws=("log_probs_are_the_models",)
    )
    assert "LookupError: no head here" in report.failures[0].failure
    assert "\n" not in report.failures[0].failure


def test_what_an_engine_refuses_is_no_failure(model, tmp_path):
    kind, settings = settings_of("mistral, window")
    narrow = {**settings, "sliding_window": 8}
    source = RandomModel(model_type=kind, settings=narrow).save(tmp_path)
    report = check_engine(Embedded(), source, laws=("log_probs_are_the_models",))
    assert not report.failures
    assert not report.passed
    for told in ("8 positions", "sliding_window is 8", "--engine plain"):
        assert told in report.refusals[0].refused


def test_adapters_have_no_gradient_to_compare(model):
    pytest.importorskip("peft")
    from whet.engines.embedded.adapters import LoRA

    report = check_engine(
        Embedded(lora=LoRA(rank=2)), model, laws=("gradients_are_the_models", "state_is_restored")
    )
    assert report.findings[0].unshown
    assert report.findings[1].passed
    assert report.passed


@pytest.mark.full
def test_the_plain_engine_obeys_too(model):
    assert check_engine(replace(Plain(), device="cpu"), model).passed
