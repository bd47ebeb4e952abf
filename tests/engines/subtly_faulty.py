"""Engines with faults that show only in later turns, updates, steps, or in many tokens."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from faulty import Delegating, Passing

from whet.engines.digest import manifest
from whet.engines.embedded import scheduler
from whet.engines.embedded.backbone import Backbone
from whet.types import Finish, IntegrityError, Mean
from whet.types.kept import KEPT
from whet.types.weights import Continue, Drain


@dataclass(slots=True)
class NarrowSeeds(Passing):
    """Seeds have 32 bits."""

    async def generate(self, prompt, how, *, seed, **place):
        return await Passing.generate(self, prompt, how, seed=seed % 2**32, **place)


@dataclass(slots=True)
class OneCut(Passing):
    """Of top_k and top_p only the latter cuts."""

    async def generate(self, prompt, how, **place):
        cut = replace(how, top_k=0) if how.top_p < 1 else how
        return await Passing.generate(self, prompt, cut, **place)


@dataclass(slots=True)
class FirstStop(Passing):
    """Only the first stop string ends a reply."""

    async def generate(self, prompt, how, **place):
        return await Passing.generate(self, prompt, replace(how, stop=how.stop[:1]), **place)


@dataclass(slots=True)
class StopsInPrompt(Passing):
    """A stop string in the prompt ends the reply."""

    async def generate(self, prompt, how, **place):
        if not any(stop in self.inner.decode(list(prompt)) for stop in how.stop):
            return await Passing.generate(self, prompt, how, **place)
        one = await Passing.generate(self, prompt, replace(how, max_new_tokens=1), **place)
        return replace(one, finish=Finish.STOP)


@dataclass(slots=True)
class Uncertain(Passing):
    """Self-certainty is always 1."""

    async def generate(self, prompt, how, **place):
        found = await Passing.generate(self, prompt, how, **place)
        ones = 0 * found.columns["self_certainty"] + 1
        return replace(found, columns={**found.columns, "self_certainty": ones})


@dataclass(slots=True)
class Deaf(Passing):
    """The first token of an observation is lost."""

    heard: dict[str, int] = field(default_factory=dict)

    async def generate(self, prompt, how, *, session, **place):
        known = self.heard.get(session, len(prompt))
        cut = [*prompt[:known], *prompt[known + 1 :]]
        found = await Passing.generate(self, cut, how, session=f"{session}/{len(cut)}", **place)
        self.heard[session] = len(prompt) + len(found.token_ids)
        return found


@dataclass(slots=True)
class Miserly(Passing):
    """The limit of a reply counts all replies of a conversation."""

    said: dict[str, int] = field(default_factory=dict)

    async def generate(self, prompt, how, *, session, **place):
        spent = self.said.get(session, 0)
        left = replace(how, max_new_tokens=max(1, how.max_new_tokens - spent))
        found = await Passing.generate(self, prompt, left, session=session, **place)
        self.said[session] = spent + len(found.token_ids)
        return found


@dataclass(slots=True)
class Believing(Passing):
    """What arrives is compared with its manifest, and what is held is believed."""

    said: Any = None
    before: Any = None

    def held(self):
        return self.said or self.inner.held()

    async def update(self, weights, flight):
        if manifest(weights.tensors) != dict(weights.manifest):
            raise IntegrityError("other tensors than were sealed")
        await self.take(weights, flight)
        self.said = weights.version
        return self.said

    async def take(self, weights, flight):
        """Only the first delivery is loaded."""
        if self.said is None:
            await self.inner.update(weights, flight)


@dataclass(slots=True)
class LateByOne(Believing):
    """From the second delivery on the one before is loaded."""

    async def take(self, weights, flight):
        del flight
        own = {name: tensor.clone() for name, tensor in weights.tensors.items()}
        self.inner.scheduler.interrupt()
        self.inner.backbone.model.load_state_dict(self.before or own)
        self.before = own


@dataclass(slots=True)
class Impatient(Passing):
    """Drain interrupts what it should wait for."""

    async def update(self, weights, flight):
        del flight
        return await self.inner.update(weights, Continue())


@dataclass(slots=True)
class OldKeys(Passing):
    """Continue loads weights below replies that keep their keys."""

    async def update(self, weights, flight):
        if isinstance(flight, Drain):
            return await self.inner.update(weights, flight)
        self.inner._held = self.inner._deliver(weights)
        return self.inner._held


@dataclass(slots=True)
class Restarting(Passing):
    """A reply that goes on has the random numbers of its beginning again."""

    async def generate(self, prompt, how, *, offset=0, **place):
        del offset
        return await Passing.generate(self, prompt, how, offset=0, **place)


def warmer(logits, sampling, uniform, draw=scheduler.draw):
    """Untruncated tokens are of a temperature that is a quarter higher."""
    told = draw(logits, sampling, uniform)
    return told if told.kept is not None else _as(told, logits, sampling, logits / 1.25, uniform)


def evenly(logits, sampling, uniform, draw=scheduler.draw):
    """Kept tokens are equally likely."""
    told = draw(logits, sampling, uniform)
    return told if told.kept is None else _as(told, logits, sampling, 0 * logits, uniform)


def cut_first(logits, sampling, uniform, draw=scheduler.draw):
    """What is kept is a part of softmax(z), not of softmax(z / T)."""
    told = draw(logits, sampling, uniform)
    if told.kept is None:
        return told
    one = sampling._replace(temperature=torch.ones_like(sampling.temperature))
    kept = draw(logits, one, uniform).kept
    return _as(told._replace(kept=kept), logits, sampling, logits, uniform)


def _as(told, logits, sampling, other, uniform):  # noqa: PLR0913
    """What was told, with tokens of `other` logits within what is kept."""
    warm = sampling.temperature.clamp(min=1e-6)[:, None]
    kept = torch.ones_like(logits, dtype=torch.bool) if told.kept is None else told.kept
    kept = kept | ~kept.any(-1, keepdim=True)
    mass = torch.softmax((other / warm).masked_fill(~kept, -torch.inf), -1).double().cumsum(-1)
    token = torch.searchsorted(mass, (uniform * mass[:, -1])[:, None], right=True)[:, 0]
    token = torch.where(sampling.temperature > 0, token.clamp(max=logits.shape[1] - 1), told.token)
    logp = torch.log_softmax((logits / warm).masked_fill(~kept, -torch.inf), -1)
    own = logp.gather(1, token[:, None])[:, 0]
    return told._replace(token=token, logp=torch.where(sampling.temperature > 0, own, told.logp))


@dataclass(slots=True)
class Undecayed(Delegating):
    """Weights do not decay."""

    def reset_optimizer(self, optimizer):
        self.inner.reset_optimizer(replace(optimizer, weight_decay=0.0))


@dataclass(slots=True)
class OtherBetas(Delegating):
    """Moments have the decay of their own choice."""

    def reset_optimizer(self, optimizer):
        self.inner.reset_optimizer(replace(optimizer, betas=(0.5, 0.6)))


@dataclass(slots=True)
class Driftless(Delegating):
    """No drift is told."""

    async def step(self, objective, batch, lr):
        told = await self.inner.step(objective, batch, lr)
        none = Mean(total=0.0, count=told.metrics["drift"].count)
        metrics = {**told.metrics, "drift": none}
        return replace(told, drift_max=0.0, drift_rollout=0.0, metrics=metrics)


@dataclass(slots=True)
class SumOfMeans(Delegating):
    """The loss that is told is another one."""

    async def step(self, objective, batch, lr):
        told = await self.inner.step(objective, batch, lr)
        return replace(told, loss=2 * told.loss)


@dataclass(slots=True)
class OneTemperature(Delegating):
    """A step takes all rollouts as drawn at temperature 1."""

    async def step(self, objective, batch, lr):
        one = [replace(r, decoding=replace(r.decoding, temperature=1.0)) for r in batch.rollouts]
        return await self.inner.step(objective, replace(batch, rollouts=one), lr)


@dataclass(slots=True)
class Unreplayed(Delegating):
    """A step does not replay what truncation kept."""

    async def step(self, objective, batch, lr):
        bare = [
            replace(r, columns={n: x for n, x in r.columns.items() if n != KEPT})
            for r in batch.rollouts
        ]
        return await self.inner.step(objective, replace(batch, rollouts=bare), lr)


class Rough(Backbone):
    """Entropies have no gradient."""

    __slots__ = ()
    weighed = Backbone.choices


def rough(learner):
    """The learner with another body over the same model."""
    body = object.__new__(Rough)
    object.__setattr__(body, "model", learner.backbone.model)
    learner.backbone = body
    return learner


@dataclass(slots=True)
class FirstReference(Delegating):
    """The reference is the model that was opened, whatever its folder has."""

    opened: Any = None

    async def set_reference(self, folder):
        await self.inner.set_reference(self.opened or folder)


@dataclass(slots=True)
class Remembering(Delegating):
    """What was published before a load is published after it."""

    async def load(self, folder):
        published = self.inner.published
        await self.inner.load(folder)
        if published is not None:
            held = {name: tensor.clone() for name, tensor in published.tensors.items()}
            self.inner.published = replace(published, tensors=held)


def at(folder):
    """A learner whose reference is always the model of a folder."""
    return lambda learner: FirstReference(learner, opened=Path(folder))


GENERATORS = {
    "narrow seeds": ("seeds_are_respected", NarrowSeeds),
    "one cut": ("truncation_is_as_declared", OneCut),
    "first stop": ("stop_strings_end_a_reply", FirstStop),
    "stops in the prompt": ("stop_strings_end_a_reply", StopsInPrompt),
    "uncertain": ("log_probs_are_the_models", Uncertain),
    "deaf": ("a_conversation_is_a_full_forward", Deaf),
    "miserly": ("a_conversation_is_a_full_forward", Miserly),
    "only once": ("weights_arrive_whole_and_on_time", Believing),
    "late by one": ("weights_arrive_whole_and_on_time", LateByOne),
    "impatient": ("updates_treat_live_replies_as_told", Impatient),
    "old keys": ("updates_treat_live_replies_as_told", OldKeys),
    "restarting": ("updates_treat_live_replies_as_told", Restarting),
}
LEARNERS = {
    "undecayed": ("steps_are_those_of_adamw", Undecayed),
    "other betas": ("steps_are_those_of_adamw", OtherBetas),
    "driftless": ("an_update_tells_what_happened", Driftless),
    "another loss": ("an_update_tells_what_happened", SumOfMeans),
    "one temperature": ("varied_rollouts_have_the_models_gradient", OneTemperature),
    "unreplayed": ("varied_rollouts_have_the_models_gradient", Unreplayed),
    "rough": ("varied_rollouts_have_the_models_gradient", rough),
    "remembering": ("state_is_restored", Remembering),
}
DRAWS = {
    "warmer": ("tokens_come_as_often_as_declared", warmer),
    "evenly": ("tokens_come_as_often_as_declared", evenly),
    "cut first": ("truncation_is_as_declared", cut_first),
}
