"""Models that read the policy's token ids have its tokenizer, or are refused by name."""

import asyncio

import pytest
from small import RUN, small

from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.rewards.dense.cutting import Separated
from whet.rewards.dense.process_model import ProcessModel
from whet.training.stepmodel import TrainedSteps
from whet.training.vocabularies import check_vocabularies
from whet.types import UsageError

OWN = "0123456789="


def folder_of(path, alphabet):
    """A model with one token per character of the alphabet."""
    path.mkdir()
    model, tokenizer = FromScratch(
        shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=alphabet)
    ).load("cpu")
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)


def judged_by(path):
    """A run whose judge scores the policy's tokens."""
    steps = TrainedSteps(path=path, engine=RUN.engine)
    return small(reward=ProcessModel(model=steps, cuts=Separated(mark=";")))


def test_a_judge_and_a_learner_with_other_tokens_are_refused(tmp_path):
    """The same characters in another order are other words for every id."""
    other, same = (
        folder_of(tmp_path / name, alphabet)
        for name, alphabet in (("other", OWN[::-1]), ("same", OWN))
    )
    player, learner = asyncio.run(RUN.engine.open(RUN.model, 0))
    check_vocabularies(judged_by(same), player, learner)
    with pytest.raises(UsageError, match=r"steps\.path '.*other' has another tokenizer"):
        check_vocabularies(judged_by(other), player, learner)
    learner.tokenizer = CharacterTokenizer(alphabet=OWN[::-1]).build()
    with pytest.raises(UsageError, match="engine: the learner has another tokenizer"):
        check_vocabularies(small(), player, learner)
