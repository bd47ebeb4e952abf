"""Attempts of a policy that is a hash: what they decode, what that costs, who can't serve them."""

import asyncio
from dataclasses import dataclass, field

import pytest
from sampling.shaped import END, TASK, TOKENIZER, Hashed

from whet.engines.openai.generator import ChatRenderer, MessageTable, ServedGenerator
from whet.engines.openai.server import Server
from whet.environments.single_turn import SingleTurn
from whet.evaluation.test_time.attempt import AttemptContext
from whet.evaluation.test_time.beam import Beam
from whet.evaluation.test_time.budget_forcing import BudgetForcingAttempt
from whet.evaluation.test_time.once import Once
from whet.evaluation.test_time.revision import Revision
from whet.evaluation.test_time.step_scores import LastStep, Least, Product, StepScores
from whet.protocols import Environment, Reward
from whet.rewards.dense.cutting import Separated
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.runner import RolloutRunner
from whet.types import ChatReply, Decoding, Finish, Task, UsageError, Verdict

ONE_TURN = SingleTurn()
RENDERER = TextRenderer(TOKENIZER, frozenset({END}))


@dataclass(frozen=True)
class Long(Reward):
    """Right if the reply has an even number of characters."""

    def score(self, rollout):
        return Verdict.binary(correct=len(rollout.reply) % 2 == 0, answer=rollout.reply[:1])


@dataclass
class Liking:
    """A step model that likes beginnings of replies without a pattern, and keeps what it saw."""

    seen: list = field(default_factory=list)

    def scores(self, rollouts):
        self.seen.append([tuple(r.chosen_ids.tolist()) for r in rollouts])
        chosen = [r.chosen_ids.tolist() for r in rollouts]
        return [[like(ids[: n + 1]) for n in range(len(ids))] for ids in chosen]


def like(ids):
    """A number from 0 to 1, another one for each beginning of a reply."""
    return hash(tuple(ids)) % 10_007 / 10_007


def context(generator, length=40, world=ONE_TURN, positions=0):
    player = RolloutPlayer(generator, RENDERER, world)
    return AttemptContext(
        runner=RolloutRunner(player, Long(), 0),
        decoding=Decoding(max_new_tokens=length),
        positions=positions,
    )


def answer(attempt, seed=1, ending=0.1, **more):
    generator = Hashed(ending)
    found = asyncio.run(attempt.answer(TASK, seed, context(generator, **more)))
    assert not generator.open and not generator.unknown
    assert found.rollout.verdict.judged
    return found, generator


ATTEMPTS = {
    "once": Once(),
    "forced": BudgetForcingAttempt(waits=2, wait="W", close="p"),
    "cut": BudgetForcingAttempt(waits=0, thinking=5, close="z", final="="),
    "revised": Revision(revisions=2, ask="?"),
    "beam": Beam(model=Liking(), width=2, expand=3, step_tokens=2, mark=""),
    "marked": Beam(model=Liking(), width=2, expand=2, step_tokens=6, mark="a"),
}


@pytest.mark.parametrize("ending", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("name", ATTEMPTS)
def test_every_decoded_token_counts(name, ending):
    """What the generator decoded, whatever became of it, and the words that were forced."""
    for seed in range(3):
        found, generator = answer(ATTEMPTS[name], seed, ending, length=20)
        forced = int(found.rollout.external.sum())
        assert found.tokens == generator.decoded + forced
        assert found.rollout.length <= 20


def test_forced_words_count_each_time_they_are_forced():
    found, generator = answer(ATTEMPTS["forced"], 3)
    forced = int(found.rollout.external.sum())
    assert forced == found.rollout.reply.count("W") > 0
    assert found.tokens == generator.decoded + forced
    once, _ = answer(Once(), 3)
    thought = once.rollout.reply.partition("p")[0]
    assert found.rollout.reply.startswith(f"{thought}W")


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_is_the_same_in_any_company(name):
    attempt = ATTEMPTS[name]

    async def together(seeds):
        shared = context(Hashed(0.1))
        return await asyncio.gather(*(attempt.answer(TASK, seed, shared) for seed in seeds))

    for seed, found in enumerate(asyncio.run(together(range(3)))):
        alone, _ = answer(attempt, seed)
        assert alone.rollout.reply == found.rollout.reply
        assert alone.tokens == found.tokens


def test_a_revision_is_asked_behind_the_attempt_before_it():
    generator, seed = Hashed(0.2), 5
    attempt = Revision(revisions=2, ask="?{prompt}")
    found = asyncio.run(attempt.answer(TASK, seed, context(generator)))
    first, second, third = (TOKENIZER.decode(ids) for ids in generator.seen)
    assert first == TASK.prompt
    plain, _ = answer(Once(), seed, 0.2)
    assert second == f"{TASK.prompt}{plain.rollout.reply}?{TASK.prompt}"
    assert third.startswith(TASK.prompt) and third.endswith(f"?{TASK.prompt}")
    assert found.tokens == generator.decoded > found.rollout.length


def test_a_chat_is_revised_by_messages():
    chat = ({"role": "user", "content": "3+4="},)
    asked = Revision(ask="\nAgain.\n")._asked(chat, "8")
    assert asked == (
        *chat,
        {"role": "assistant", "content": "8"},
        {"role": "user", "content": "Again."},
    )


def test_a_revision_without_room_is_left_out():
    """A revision's prompt has 4 tokens of the task, 10 of the attempt, and the mark."""
    found, generator = answer(Revision(revisions=4, ask="?"), 5, 0.0, length=10, positions=25)
    assert [len(prompt) for prompt in generator.seen] == [4, 15, 15, 15, 15]
    found, generator = answer(Revision(revisions=4, ask="?"), 5, 0.0, length=10, positions=15)
    assert len(generator.seen) == 1 and found.tokens == 10


@dataclass
class Away(Environment):
    """The second play fails."""

    plays: int = 0

    async def play(self, task, policy):
        self.plays += 1
        await policy(task.prompt)
        if self.plays == 2:
            raise OSError("away")


def test_a_fault_ends_the_revisions_and_stays_a_fault():
    generator, world = Hashed(0.2), Away()
    attempt = Revision(revisions=5, ask="?")
    found = asyncio.run(attempt.answer(TASK, 1, context(generator, world=world)))
    assert world.plays == 2
    assert found.rollout.verdict.fault and found.rollout.verdict.correct is None
    assert found.tokens == generator.decoded


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_beam_goes_on_from_the_best_steps(width):
    """Of what the step model saw at a step, the best go on, and the best that ended stay.

    A reply that ended where it was interrupted is seen twice.
    """
    steps = 0
    for seed in range(4):
        model = Liking()
        beam = Beam(model=model, width=width, expand=3, step_tokens=2, mark="")
        found, _ = answer(beam, seed, 0.1, length=100)
        kept = kept_beams(model.seen, width)
        assert all(ids[-1] == END for ids in kept)
        assert tuple(found.rollout.chosen_ids.tolist()) == kept[0]
        steps += len(model.seen)
    assert steps > 12


def kept_beams(seen, width):
    """The beams at the end, by what was seen at each step."""
    kept: list[tuple[int, ...]] = []
    for step in seen:
        new = [ids for ids in step if ids not in kept]
        begun = {ids[: (len(ids) - 1) // 2 * 2] for ids in new}
        assert begun == {ids for ids in kept if ids[-1] != END} or not kept
        pool = [*(ids for ids in kept if ids[-1] == END), *new]
        assert {ids for ids in step if ids in kept} <= set(pool)
        kept = sorted(pool, key=lambda ids: -like(ids))[:width]
    return kept


def test_a_step_ends_behind_its_mark():
    model = Liking()
    beam = Beam(model=model, width=1, expand=1, step_tokens=12, mark="a")
    found, generator = answer(beam, 2, 0.0, length=60)
    said = found.rollout.reply
    assert len(said) == 60 and "a" in said
    assert generator.decoded > 60  # what stood behind a mark was decoded in vain


class Whole(Hashed):
    """An engine that begins a new reply with every call."""

    async def generate(self, prompt, how, *, said=0, **more):
        if said:
            raise UsageError("said is 1, but this engine can't go on within a reply")
        return await super().generate(prompt, how, said=said, **more)


@pytest.mark.parametrize(
    "attempt",
    [
        BudgetForcingAttempt(wait="W"),
        BudgetForcingAttempt(waits=0, thinking=9, close="z"),
        ATTEMPTS["beam"],
    ],
    ids=str,
)
def test_an_engine_that_cannot_go_on_is_refused_when_opened(attempt):
    with pytest.raises(UsageError, match=f"test_time {attempt.name}") as told:
        asyncio.run(attempt.open(context(Whole()), TASK))
    assert "\n" not in str(told.value)
    asyncio.run(attempt.open(context(Hashed()), TASK))


def test_a_chat_server_revises_and_does_not_go_on():
    """The real generator; no server is asked for what it can't do."""
    table = MessageTable()
    served = ServedGenerator(server=Short(model="m"), table=table)
    runner = RolloutRunner(RolloutPlayer(served, ChatRenderer(table)), Long(), 0)
    asked = AttemptContext(runner=runner, decoding=Decoding(max_new_tokens=4))
    task = Task(id="t", prompt="3+4=", answer="7")
    asyncio.run(Revision().open(asked, task))
    with pytest.raises(UsageError, match="budget_forcing"):
        asyncio.run(BudgetForcingAttempt().open(asked, task))


class Short(Server):
    """A server whose replies are always cut; nothing is sent."""

    async def say(self, *_asked, **_how):
        return ChatReply(text="8", finish=Finish.LENGTH, prompt_tokens=3, reply_tokens=1)


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (lambda: BudgetForcingAttempt(waits=0), "budget_forcing.waits"),
        (lambda: BudgetForcingAttempt(waits=-1), "budget_forcing.waits"),
        (lambda: BudgetForcingAttempt(wait=""), "budget_forcing.wait"),
        (lambda: BudgetForcingAttempt(thinking=3, close="", final=""), "budget_forcing.final"),
        (lambda: Revision(revisions=0), "revision.revisions"),
        (lambda: Revision(ask=""), "revision.ask"),
        (lambda: Beam(model=Liking(), width=0), "beam.width"),
    ],
)
def test_settings_that_do_nothing_are_refused(made, field):
    with pytest.raises(UsageError, match=field):
        made()


def test_a_reply_is_scored_by_its_steps():
    """Steps "3;", "a" and the end token in one: 0.9, then 0.4 at the last token."""

    class Fixed:
        async def scores(self, rollouts):
            return [[0.1, 0.9, 0.7, 0.4] for _ in rollouts]

    tokens = RENDERER.demonstration(TASK, "3?a")
    for fold, value in ((Least(), 0.4), (Product(), 0.36), (LastStep(), 0.4)):
        scorer = StepScores(model=Fixed(), cuts=Separated(mark="?"), fold=fold)
        assert asyncio.run(scorer.scores([tokens])) == pytest.approx([value])
    broken = StepScores(model=Fixed(), cuts=Separated(mark="?"))
    with pytest.raises(UsageError, match="step_model"):
        asyncio.run(broken.scores([RENDERER.demonstration(TASK, "3")]))
