"""Attempts on the embedded engine: whatever is decoded at once, the answers are the same."""

import asyncio
from dataclasses import dataclass

import pytest

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.evaluation.test_time.attempt import AttemptContext
from whet.evaluation.test_time.beam import Beam
from whet.evaluation.test_time.budget_forcing import BudgetForcingAttempt
from whet.evaluation.test_time.once import Once
from whet.evaluation.test_time.revision import Revision
from whet.protocols import Reward
from whet.rollouts.runner import RolloutRunner
from whet.types import Decoding, Task, Verdict

TASKS = [Task(id=str(n), prompt=f"c{n}d+5e+1f+5|g4h=") for n in range(3)]


@dataclass(frozen=True)
class Anything(Reward):
    """Right if the reply is long."""

    def score(self, rollout):
        return Verdict.binary(correct=len(rollout.reply) > 9)


class Hashing:
    """A step model by the tokens themselves."""

    def scores(self, rollouts):
        chosen = [r.chosen_ids.tolist() for r in rollouts]
        return [[hash(tuple(ids[: n + 1])) % 997 / 997 for n in range(len(ids))] for ids in chosen]


ATTEMPTS = (
    Once(),
    BudgetForcingAttempt(waits=2, wait="a", close=""),
    BudgetForcingAttempt(waits=0, thinking=5, close="b", final="="),
    Revision(revisions=2, ask="="),
    Beam(model=Hashing(), width=2, expand=2, step_tokens=3, mark=""),
)


@pytest.mark.full
def test_answers_do_not_depend_on_what_is_decoded_at_once(tmp_path):
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu", seed=7)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)

    async def answers(**sizes):
        engine = Embedded(device="cpu", threads=1, **sizes)
        player = await engine.player(Folder(path=str(tmp_path)), 0)
        context = AttemptContext(
            runner=RolloutRunner(player, Anything(), 0),
            decoding=Decoding(max_new_tokens=24),
            positions=512,
        )
        asked = [(a, t, s) for a in ATTEMPTS for t in TASKS for s in (1, 2)]
        found = await asyncio.gather(*(a.answer(t, s, context) for a, t, s in asked))
        await player.close()
        return [(f.rollout.reply, f.tokens, f.rollout.verdict.correct) for f in found]

    wide, narrow = asyncio.run(answers()), asyncio.run(answers(slots=2, budget=64))
    assert wide == narrow
    assert len({reply for reply, _, _ in wide}) > len(ATTEMPTS)
