"""Replay: a recorded play is played again with its recorded replies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from whet.protocols import Environment, Generator, Renderer
from whet.rollouts.recorder import Record
from whet.rollouts.worlds import played
from whet.types import (
    ContextFull,
    Decoding,
    Fault,
    Finish,
    IntegrityError,
    Play,
    Rollout,
    Task,
    UsageError,
    Verdict,
    Version,
)
from whet.types.completions import Completion
from whet.types.weights import Flight, Weights


async def replay(
    environment: Environment, task: Task, rollouts: Sequence[Rollout], renderer: Renderer
) -> Verdict | None:
    """The environment's verdict of the first rollout; None where it leaves it to a reward.

    `rollouts` are the first one's play: the conversations of the other seats and forks, too.

    Raises `IntegrityError` at the first observation that is not the recorded one, with both texts,
    and where the environment asks more or less often than it did.
    """
    again = await replayed(environment, task, rollouts, renderer)
    return next(one.verdict for one in again if one.seed == rollouts[0].seed)


async def replayed(
    environment: Environment, task: Task, rollouts: Sequence[Rollout], renderer: Renderer
) -> list[Rollout]:
    """The rollouts of a play that is played again, with the environment's verdicts.

    Raises as `replay` does.
    """
    first = rollouts[0]
    seed = first.seed if first.play_seed < 0 else first.play_seed
    play = Play(seed=seed, decoding=first.decoding, prompt=first.shown)
    recorded = RecordedGenerator(tuple(rollouts), renderer)
    record = Record(recorded, renderer, task, play)
    seen = task if first.shown is None else replace(task, prompt=first.shown)
    found = await played(environment, record, seen)
    for one in found:
        recorded.check_end(one)
    if all(one.seed != first.seed for one in found):
        raise IntegrityError(
            f"the environment did not open the conversation of rollout {first.id}, seat "
            f"{first.seat!r}",
            [first],
        )
    return found


@dataclass(frozen=True, slots=True)
class RecordedGenerator(Generator):
    """Says the replies of recorded rollouts, which it knows by their seeds."""

    rollouts: tuple[Rollout, ...]
    renderer: Renderer

    def held(self) -> Version:
        """The version that sampled the first rollout."""
        return self.rollouts[0].version or Version(0, "recorded")

    async def generate(  # noqa: PLR0913  (the signature is the protocol's)
        self,
        prompt: Sequence[int],
        how: Decoding,
        *,
        seed: int,
        offset: int = 0,
        session: str,
        fork_of: str = "",
        said: int = 0,
    ) -> Completion:
        """The recorded reply after `offset` sampled tokens.

        Raises `IntegrityError` for another observation than the recorded one, and for a reply that
        was not recorded; `ContextFull` or `Fault` where the recorded play ended so.
        """
        del how, session, fork_of, said
        rollout = self._asked(seed, prompt)
        starts = [spoken.start for spoken in rollout.spoken]
        if offset not in starts:
            raise self._surplus(rollout, prompt)
        number = starts.index(offset)
        self._compare(rollout, number, prompt)
        return _completion(rollout, number, self.held())

    def _asked(self, seed: int, prompt: Sequence[int]) -> Rollout:
        """The rollout with this seed; before a fork, the one with most of the prompt."""
        own = [rollout for rollout in self.rollouts if rollout.seed == seed]
        return own[0] if own else max(self.rollouts, key=lambda r: _shared(r, prompt))

    def _compare(self, rollout: Rollout, number: int, prompt: Sequence[int]) -> None:
        """Raise `IntegrityError` unless the observation before a reply is the recorded one."""
        start = rollout.acts[number - 1].stop if number else 0
        recorded = rollout.token_ids[start : rollout.acts[number].start].tolist()
        heard = [*prompt[start:]]
        if heard == recorded and rollout.token_ids[:start].tolist() == [*prompt[:start]]:
            return
        was, now = self.renderer.text(recorded), self.renderer.text(heard)
        raise IntegrityError(
            f"observation {number + 1} of rollout {rollout.id} was {was!r}, and is {now!r}"
            f"{' (in other tokens)' * (was == now)}",
            [rollout],
        )

    def _surplus(self, rollout: Rollout, prompt: Sequence[int]) -> Exception:
        """Why nothing can be said behind the last recorded reply."""
        if rollout.finish is Finish.CONTEXT:
            return ContextFull("the model had no room for the next observation")
        if rollout.finish is Finish.FAULT:
            return Fault("the recorded play ended here, by a fault")
        heard = self.renderer.text(prompt[len(rollout.token_ids) :])
        return IntegrityError(
            f"rollout {rollout.id} ended after {len(rollout.acts)} replies, and the environment "
            f"asks for another one: {heard!r}",
            [rollout],
        )

    def check_end(self, again: Rollout) -> None:
        """Raise `IntegrityError` for a conversation that ended before its last recorded reply.

        So it does for a message that differs in characters that the model has no tokens for.
        """
        rollout = self._asked(again.seed, again.token_ids.tolist())
        for was, now in zip(rollout.messages, again.messages, strict=False):
            if was != now:
                raise IntegrityError(
                    f"a message of rollout {rollout.id} was {dict(was)!r}, and is {dict(now)!r}",
                    [rollout],
                )
        done, recorded = len(again.acts), len(rollout.acts)
        if done < recorded:
            act = rollout.acts[done]
            missed = self.renderer.text(rollout.token_ids[act.start : act.stop].tolist())
            raise IntegrityError(
                f"the environment ended after {done} of the {recorded} replies of rollout "
                f"{rollout.id}; the next one is {missed!r}",
                [rollout],
            )

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Raise `UsageError`: what is recorded has no weights."""
        raise UsageError(f"a recording can't take {len(weights.tensors)} new weights")

    def end(self, session: str) -> None:
        """Does nothing: nothing is computed."""

    def token_counts(self) -> Mapping[str, int]:
        """None: nothing is sampled."""
        return {}


def _shared(rollout: Rollout, prompt: Sequence[int]) -> int:
    """Number of equal tokens at the beginning of a rollout and a prompt."""
    size = min(len(rollout.token_ids), len(prompt))
    equal = rollout.token_ids[:size] == np.array(prompt[:size], np.int32)
    return size if equal.all() else int(equal.argmin())


def _completion(rollout: Rollout, number: int, version: Version) -> Completion:
    """A recorded reply, as a generator gives it."""
    spoken = rollout.spoken[number]
    return Completion(
        token_ids=rollout.chosen_ids[spoken],
        logp=rollout.behaviour_logp[spoken],
        entropy=None,
        spans=((spoken.stop - spoken.start, version),),
        columns={},
        finish=rollout.acts[number].finish,
    )
