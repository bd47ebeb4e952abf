"""Opponents with weights: what they say is heard by the policy, and is in no rollout."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest
from echoing import END, TOKENIZER, Echoing

from whet.environments.against import Against
from whet.environments.opponents import Frozen, Past
from whet.environments.opponents.models import OPPONENTS
from whet.protocols import Rival, World, WorldSetup
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import (
    Decoding,
    Finish,
    IntegrityError,
    Reason,
    Request,
    RunSpec,
    Task,
    UsageError,
    Verdict,
    Version,
)

RENDERER = TextRenderer(TOKENIZER, frozenset({END}))
TASK = Task(id="t", prompt="3+4=")


@dataclass(frozen=True)
class Talk(World):
    """White and black speak in turn, and hear each other."""

    levels: ClassVar[tuple[int, int]] = (1, 1)
    seats: ClassVar[tuple[str, ...]] = ("white", "black")
    turns: int = 2
    world_seconds: float = 600.0

    def draw(self, rng, level):
        return TASK

    def canonical(self, task):
        return task.id

    async def play(self, task, policy):
        white, black = policy.seat("white"), policy.seat("black")
        heard = task.prompt
        for _ in range(self.turns):
            heard = await white(heard)
            heard = await black(f"|{heard}")
        white.end(Verdict.points(1, correct=True))
        black.end(Verdict.points(-1, correct=False))


@dataclass
class Saying(Echoing):
    """A model with weights of its own, which it names; slow where it is asked to be."""

    name: str = "other"
    seconds: float = 0.0
    context: int = 0
    closed: list[str] = field(default_factory=list)

    @property
    def positions(self):
        return self.context

    def held(self):
        return Version(step=0, digest=self.name)

    async def generate(self, prompt, how, **more):
        await asyncio.sleep(self.seconds)
        return await Echoing.generate(self, prompt, how, **more)

    async def close(self):
        self.closed.append(self.name)


def shelf(**how):
    """A setup that opens a model for every folder, and the models that it opened."""
    opened = {}

    async def rival(folder):
        opened[Path(folder).name] = model = Saying(name=str(folder), **how)
        return Rival(model, RENDERER)

    return WorldSetup(rival=rival), opened


def played(world, seeds=(3, 4), generator=None, **how):
    generator = generator or Echoing()
    player = RolloutPlayer(generator, RENDERER, world)
    request = Request.of(TASK, seeds, Decoding(**{"max_new_tokens": 9, **how}))
    groups = asyncio.run(player.play(request))
    return {group.seat: group.rollouts for group in groups}, generator


def frozen(tmp_path, world=None, **how):
    (tmp_path / "config.json").write_text("{}")
    setup, opened = shelf(**how)
    against = Against(world=world or Talk(), opponent=Frozen(folder=str(tmp_path)), seat="black")
    return asyncio.run(against.open(setup)), opened


def test_a_frozen_seat_is_heard_and_has_no_rollout(tmp_path):
    itself, _ = played(Talk())
    world, opened = frozen(tmp_path)
    found, generator = played(world)
    [model] = opened.values()
    assert found.keys() == {"white"}
    for one, other in zip(found["white"], itself["white"], strict=True):
        assert one.token_ids.tolist() == other.token_ids.tolist()
        assert one.action_mask.tolist() == other.action_mask.tolist()
        assert one.verdict == other.verdict
    assert len(model.calls) == 4 and len(generator.calls) == 4
    assert {call["session"] for call in model.calls} == {*model.ended}


def test_a_frozen_seat_has_the_decoding_of_the_play(tmp_path):
    world, opened = frozen(tmp_path)
    played(world, temperature=0.5, max_new_tokens=1)
    [model] = opened.values()
    assert {(call["how"].temperature, call["how"].max_new_tokens) for call in model.calls} == {
        (0.5, 1)
    }


def test_waiting_for_an_opponent_is_not_the_worlds_time(tmp_path):
    world, _ = frozen(tmp_path, Talk(world_seconds=0.05), seconds=0.2)
    found, _ = played(world)
    assert all(rollout.verdict.correct for rollout in found["white"])


def test_an_opponent_without_tokens_left_voids_the_play(tmp_path):
    world, _ = frozen(tmp_path, Talk(turns=3), context=10)
    found, _ = played(world)
    assert found.keys() == {"white"}
    for rollout in found["white"]:
        assert rollout.verdict.reason is Reason.NOT_APPLICABLE
        assert rollout.finish is Finish.STOP and len(rollout.acts) >= 1


def test_the_budget_of_an_episode_is_each_seats_own(tmp_path):
    world, _ = frozen(tmp_path)
    found, _ = played(world, max_episode_tokens=5)
    reasons = {rollout.verdict.reason for rollout in found["white"]}
    assert reasons == {Reason.OK} and {r.length for r in found["white"]} == {5}


@pytest.mark.parametrize("opponent", [Past(), Frozen(folder="nowhere")])
def test_an_opponent_that_was_not_opened_is_named(opponent):
    with pytest.raises(UsageError, match=f"{type(opponent).__name__} has no weights yet"):
        played(Against(world=Talk(), opponent=opponent))


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"opponent.folder is .* no config.json"):
        Frozen(folder=str(tmp_path)).check()


def test_the_digest_of_a_folder_is_of_what_is_loaded(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = Frozen(folder=str(tmp_path)).digest()
    (tmp_path / "notes.md").write_text("mine")
    assert Frozen(folder=str(tmp_path)).digest() == before
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert Frozen(folder=str(tmp_path)).digest() != before


class Weights:
    """A learner that writes the number of its steps."""

    def __init__(self):
        self.done = 0

    async def save(self, folder):
        (folder / "weights").write_text(str(self.done))


def trained(tmp_path, settings, steps, start=None):
    """The live opponent after so many steps, with a checkpoint of each."""

    async def run():
        setup, opened = shelf()
        live, learner = await settings.open(setup), Weights()
        for done in range(1, steps + 1):
            learner.done = done
            await live.after_step(done, learner, tmp_path)
            folder = tmp_path / f"step-{done:06}"
            folder.mkdir(exist_ok=True)
            await live.save(folder)
        return live, opened

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("every", "last", "steps", "versions"),
    [(1, 2, 5, [4, 5]), (2, 2, 7, [4, 6]), (3, 5, 7, [3, 6]), (9, 1, 8, [])],
)
def test_the_pool_has_the_newest_versions(tmp_path, every, last, steps, versions):
    live, opened = trained(tmp_path, Past(every=every, last=last), steps)
    assert sorted(live.pool) == versions
    kept = {done: (tmp_path / OPPONENTS / f"step-{done:06}" / "weights") for done in versions}
    assert {done: int(path.read_text()) for done, path in kept.items()} == {d: d for d in versions}
    left = {model.name for model in opened.values() if not model.closed}
    assert left == {str(path.parent) for path in kept.values()}


def test_weights_stay_while_a_checkpoint_needs_them(tmp_path):
    trained(tmp_path, Past(every=1, last=1), 3)
    kept = tmp_path / OPPONENTS
    assert {path.name for path in kept.iterdir()} == {f"step-{n:06}" for n in (1, 2, 3)}
    (tmp_path / "step-000001" / "opponents.json").unlink()
    live, _ = trained(tmp_path, Past(every=9, last=1), 0)
    (tmp_path / "step-000004").mkdir()
    asyncio.run(live.save(tmp_path / "step-000004"))
    assert {path.name for path in kept.iterdir()} == {f"step-{n:06}" for n in (2, 3)}


def test_a_checkpoint_has_its_own_pool_again(tmp_path):
    settings = Past(every=1, last=2)
    trained(tmp_path, settings, 5)

    async def loaded(step):
        live = await settings.open(shelf()[0])
        await live.load(tmp_path / f"step-{step:06}")
        return sorted(live.pool)

    assert [asyncio.run(loaded(n)) for n in (1, 2, 3)] == [[1], [1, 2], [2, 3]]


def test_weights_that_a_kill_has_left_under_another_name_are_found_again(tmp_path):
    settings = Past(every=1, last=2)
    trained(tmp_path, settings, 2)
    kept = tmp_path / OPPONENTS / "step-000001"
    kept.rename(kept.with_name(f"replaced-{kept.name}"))

    async def loaded():
        live = await settings.open(shelf()[0])
        await live.load(tmp_path / "step-000002")
        return sorted(live.pool)

    assert asyncio.run(loaded()) == [1, 2]
    assert kept.is_dir()


@pytest.mark.parametrize("change", ["missing", "changed"])
def test_weights_that_are_not_those_of_the_checkpoint_stop_the_run(tmp_path, change):
    settings = Past(every=1, last=2)
    trained(tmp_path, settings, 2)
    state = tmp_path / "step-000002" / "opponents.json"
    if change == "changed":
        state.write_text(state.read_text().replace(str(tmp_path), "another"))
    else:
        (tmp_path / OPPONENTS / "step-000001" / "weights").unlink()
        (tmp_path / OPPONENTS / "step-000001").rmdir()

    async def loaded():
        live = await settings.open(shelf()[0])
        await live.load(tmp_path / "step-000002")

    with pytest.raises(IntegrityError, match=f"weights of an opponent, .*{change}"):
        asyncio.run(loaded())


def seated(live, seeds):
    world = Against(world=Talk(), opponent=live, seat="black")
    found, _ = played(world, seeds)
    own = {rollout.play_seed for rollout in found.get("black", ())}
    return [seed in own for seed in seeds], found


def test_while_the_pool_is_empty_the_policy_plays_itself(tmp_path):
    live, _ = trained(tmp_path, Past(), 1)
    alone, found = seated(live, range(8))
    assert all(alone) and {name: len(r) for name, r in found.items()} == {"white": 8, "black": 8}


@pytest.mark.full
@pytest.mark.parametrize(("share", "low", "high"), [(0.25, 30, 70), (0.5, 75, 125), (1, 200, 200)])
def test_the_share_of_plays_against_the_pool_is_that_of_the_settings(tmp_path, share, low, high):
    """200 plays; the bounds are more than three standard deviations off the mean."""
    live, opened = trained(tmp_path, Past(every=1, last=2, share=share), 3)
    alone, _ = seated(live, range(200))
    assert low <= alone.count(False) <= high
    asked = [len(model.ended) for model in opened.values() if model.name[-1] in "23"]
    assert sum(asked) == alone.count(False) and all(n > low / 4 for n in asked)


def test_the_seed_of_a_play_decides_against_what_it_is(tmp_path):
    live, opened = trained(tmp_path, Past(every=1, last=3), 3)

    def sessions(seeds):
        for model in opened.values():
            model.calls.clear()
        seated(live, seeds)
        return {n: {c["session"].split(":")[0] for c in m.calls} for n, m in opened.items()}

    together = sessions(range(20))
    one_by_one = [sessions([seed]) for seed in reversed(range(20))]
    assert together == {name: set().union(*(s[name] for s in one_by_one)) for name in together}


@pytest.mark.parametrize(
    ("wrong", "named"), [({"every": 0}, "every"), ({"last": 0}, "last"), ({"share": 0.0}, "share")]
)
def test_settings_without_a_pool_are_refused(wrong, named):
    with pytest.raises(UsageError, match=f"opponent.{named} is 0"):
        Past(**wrong)


def test_a_pool_that_stays_empty_is_noted():
    spec = RunSpec(samples=4, max_new_tokens=4, steps=10, minibatches=1)
    assert "no play is against earlier weights" in Past(every=10).run_warning(spec)
    assert not Past(every=9).run_warning(spec)
    assert not replace(Past(), every=9).run_warning(spec)


def test_a_handle_that_seats_no_model_is_named(tmp_path):
    world, _ = frozen(tmp_path)

    class Handle:
        seed = 3

        async def __call__(self, observation, **how):
            raise AssertionError(observation)

        def fork(self, number):
            raise AssertionError(number)

        def seat(self, name):
            return self

        def end(self, verdict):
            raise AssertionError(verdict)

    with pytest.raises(UsageError, match="no seat in a Handle"):
        asyncio.run(world.play(world.world.draw(Random(0), 1), Handle()))
