"""Laws of decoding: ends, stop strings, temperature, truncation."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from whet.testing.engines.examined import (
    FREE,
    PROMPTS,
    REPLY,
    ExaminedEngine,
    ids_of,
    rollouts_of,
)
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.probabilities import left, probabilities, sampled
from whet.testing.engines.laws.sampling import compare
from whet.types import Decoding, Finish, Rollout
from whet.types.kept import KEPT, kept_ids

_MANY = tuple(range(200, 210))
_SURE = 8.0  # expected end tokens; none of them come by chance once in 3000
_NEVER = "\x00never\x00"  # a string that no reply has
_LONG = 6  # tokens of a reply in whose middle a stop string is looked for
_EDGE = 1e-4  # of probability: a token this near to a limit may be on either side
_CUTS: Sequence[dict[str, float]] = (
    {"top_k": 3},
    {"top_p": 0.6},
    {"min_p": 0.2},
    {"top_k": 2, "top_p": 0.95, "temperature": 1.5},
    {"top_k": 9, "top_p": 0.5, "temperature": 0.7},
    {"top_k": 9, "top_p": 0.95, "min_p": 0.3, "temperature": 1.5},
)


async def end_tokens_end_a_reply(subject: ExaminedEngine, found: LawRecord) -> None:
    """A reply ends with the first end token, which is one of its tokens, or at its limit."""
    hot = Decoding(temperature=3.0, max_new_tokens=REPLY)
    rollouts = rollouts_of(await subject.played(hot, _MANY))
    ends = _ends(subject)
    stopped = [rollout for rollout in rollouts if rollout.finish is Finish.STOP]
    for rollout in rollouts:
        *before, last = ids_of(rollout)
        late = not ends & set(before)
        found.holds("a reply goes on behind an end token", sound=late)
        if rollout.finish is Finish.STOP:
            found.holds("a reply stopped without an end token", sound=last in ends)
        elif rollout.finish is Finish.LENGTH:
            full = rollout.length == REPLY or len(rollout.token_ids) == subject.positions
            found.holds(
                f"a reply of {rollout.length} tokens is reported as cut at {REPLY}",
                sound=full and last not in ends,
            )
    share = sum(_chance(subject, rollout, ends) for rollout in rollouts)
    if not stopped:
        found.holds(f"no reply ended, where {share:.1f} should have", sound=share < _SURE)
        found.unshown = "" if found.failures else "no reply of these lengths drew an end token"


async def stop_strings_end_a_reply(subject: ExaminedEngine, found: LawRecord) -> None:
    """A reply ends with the token that completes a stop string, and is the same up to there.

    Each of several strings counts, and one that stands in the prompt alone does not.
    """
    renderer = subject.player.renderer
    tried = 0
    for free in rollouts_of(await subject.played(seeds=(11, 22))):
        ids = ids_of(free)
        stop = _stop(renderer.text(ids[2:5]))
        if free.length < _LONG or not stop:
            continue
        tried += 1
        for stops in ((stop,), (_NEVER, stop), (PROMPTS[int(free.task.id)][-2:],)):
            await _check_stop(subject, found, free, stops)
    if not tried:
        found.unshown = "no reply had a text to stop at"


async def _check_stop(
    subject: ExaminedEngine, found: LawRecord, free: Rollout, stops: tuple[str, ...]
) -> None:
    """The reply with these stop strings is the free one, up to the first of them."""
    ids, text = ids_of(free), subject.player.renderer.text
    places = range(1, len(ids) + 1)
    ends = [n for n in places if any(stop in text(ids[:n]) for stop in stops)]
    due = ends[0] if ends else len(ids)
    held = await subject.played(replace(FREE, stop=stops), (free.seed,))
    cut = next(r for r in rollouts_of(held) if r.task.id == free.task.id)
    found.holds(
        f"stop strings {stops} end a reply after {cut.length} tokens, not after {due}",
        sound=ids_of(cut) == ids[:due] or not subject.limits.texts,
    )
    if ends and subject.limits.texts:
        found.holds(
            f"a reply that ends with one of {stops} is reported as {cut.finish.name}",
            sound=cut.finish is Finish.STOP,
        )


async def temperature_is_as_declared(subject: ExaminedEngine, found: LawRecord) -> None:
    """Log-probs and frequencies are those of softmax(z / T); T = 0 takes the largest z."""
    for temperature in (0.6, 1.7):
        how = Decoding(temperature=temperature, max_new_tokens=REPLY)
        await compare(subject, found, rollouts_of(await subject.played(how, (1, 2, 3, 4))))
    greedy = rollouts_of(
        await subject.played(Decoding(temperature=0.0, max_new_tokens=REPLY), (1,))
    )
    for rollout in greedy:
        p = probabilities(subject, rollout)
        apart = p.max(-1).values - p.gather(1, sampled(rollout)[:, None])[:, 0]
        edge = max(_EDGE, subject.limits.logp)
        found.within("a greedy token's probability, from the largest", apart.max().item(), edge)
    await compare(subject, found, greedy)


async def truncation_is_as_declared(subject: ExaminedEngine, found: LawRecord) -> None:
    """Tokens are those that top_k, top_p and min_p leave, alone and together; so the records."""
    for cut in _CUTS:
        how = replace(Decoding(max_new_tokens=REPLY), **cut)
        rollouts = rollouts_of(await subject.played(how, (1, 2, 3)))
        for rollout in rollouts:
            _check_kept(subject, found, rollout, f"{cut}")
        await compare(subject, found, rollouts)


def _check_kept(subject: ExaminedEngine, found: LawRecord, rollout: Rollout, cut: str) -> None:
    """Sampled tokens and recorded sets are within the set that is left by definition."""
    p = probabilities(subject, rollout)
    surely, perhaps = left(p, rollout.decoding, max(_EDGE, subject.limits.logp))
    drawn = perhaps.gather(1, sampled(rollout)[:, None])[:, 0]
    found.holds(f"{cut}: a token was drawn that is cut off", sound=bool(drawn.all()))
    if not subject.engine.replays_truncation:
        return
    found.holds(f"{cut}: the kept tokens are not recorded", sound=KEPT in rollout.columns)
    for row, one in enumerate(rollout.columns.get(KEPT, ())):
        kept = torch.zeros_like(perhaps[row])
        kept[torch.from_numpy(kept_ids([one]).ids.copy()).long()] = True
        good = bool((kept <= perhaps[row]).all() and (surely[row] <= kept).all())
        found.holds(f"{cut}: other tokens are recorded than are kept", sound=good)


def _chance(subject: ExaminedEngine, rollout: Rollout, ends: frozenset[int]) -> float:
    """The expected number of end tokens in a reply of these tokens."""
    return probabilities(subject, rollout)[:, sorted(ends)].sum().item()


def _ends(subject: ExaminedEngine) -> frozenset[int]:
    """The ids that end a reply, by the model and its tokenizer."""
    tokenizer, generation = subject.model.load_tokenizer()
    more = generation.eos_token_id
    several = more if isinstance(more, list) else [more]
    return frozenset(end for end in (tokenizer.eos_token_id, *several) if end is not None)


def _stop(text: str) -> str:
    """A stop string of two characters where there are as many."""
    return text[:2] if text.isprintable() else ""
