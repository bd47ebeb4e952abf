"""Request identity: what a player returns is what it was asked for."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from whet.environments.single_turn import SingleTurn
from whet.protocols import Player
from whet.rollouts.checks.recorded import check_integrity
from whet.rollouts.checks.replies import check_replies
from whet.sampling.structured.chains import Chains
from whet.types import Finish, Group, IntegrityError, Play, Request, Rollout
from whet.types.messages import messages_of


def check_request(request: Request, groups: Sequence[Group], player: Player) -> None:
    """Task, seeds, count, order and decoding are those that were asked for.

    A rollout belongs to the request's task, and none is there twice.  Of independent chains each
    play has rollouts, in the order of the plays, with its seed and its decoding.  Where a play is
    one question and one answer, it also has one rollout, the task's prompt, and one reply, which
    has at most `max_new_tokens` tokens and ends as its `Finish` says.  Replies of conversations
    are looked at one by one, as far as an environment can't end them otherwise.

    Raises `IntegrityError` with the task and the seed.
    """
    everything = [rollout for group in groups for rollout in group]
    _check_places(request, groups)
    _check_sampled_ends(everything)
    if not isinstance(player.environment, SingleTurn):
        check_replies(request, everything, player)
    if request.shape is not None and not isinstance(request.shape, Chains):
        return
    if isinstance(player.environment, SingleTurn):
        _check_single(request, groups, player)
        return
    if len({play.seed for play in request.plays}) < len(request.plays):
        return  # a rollout does not tell to which of two plays it belongs
    pairs = [pair for group in groups for pair in _matched(request, group)]
    _check_lost(request, {place for place, _ in pairs})
    for place, rollout in pairs:
        _check_play(request, request.plays[place], rollout)


def _other(request: Request, told: str, rollouts: Sequence[Rollout] = ()) -> IntegrityError:
    return IntegrityError(
        f"other rollouts than asked for: of task {request.task.id!r} {told}", rollouts
    )


def _check_places(request: Request, groups: Sequence[Group]) -> None:
    """Each group is of the task and of one seat, and no rollout is there twice."""
    seen, seats = set[str](), set[str]()
    for group in groups:
        if group.seat in seats:
            raise _other(request, f"seat {group.seat!r} has two groups", group.rollouts)
        seats.add(group.seat)
        for rollout in group:
            if rollout.id in seen:
                raise _other(request, f"rollout {rollout.id} is there twice", [rollout])
            seen.add(rollout.id)
            known = {group.task.id, rollout.task.id} == {request.task.id}
            if not known or rollout.seat != group.seat:
                told = f"a rollout came back as one of {rollout.task.id!r}, seat {rollout.seat!r}"
                raise _other(request, told, [rollout])


def _check_sampled_ends(rollouts: Sequence[Rollout]) -> None:
    """The last token of a rollout is sampled: its end token is not masked as padding."""
    for rollout in rollouts:
        if rollout.length and not rollout.action_mask[-1]:
            check_integrity([rollout])
            raise IntegrityError(
                f"masked end: the last token of task {rollout.task.id!r}, seed {rollout.seed}, is "
                "outside the action mask, so no rollout teaches to end (is it the padding token?)",
                [rollout],
            )


def _matched(request: Request, group: Group) -> Iterator[tuple[int, Rollout]]:
    """The place of each rollout's play; a play has several where its environment forked it."""
    place = -1
    for rollout in group:
        seed = rollout.seed if rollout.play_seed < 0 else rollout.play_seed
        if place < 0 or request.plays[place].seed != seed:
            later = range(place + 1, len(request.plays))
            found = next((i for i in later if request.plays[i].seed == seed), None)
            if found is None:
                told = f"seed {seed} is out of order, or was not asked for"
                raise _other(request, told, [rollout])
            place = found
        yield place, rollout


def _check_play(request: Request, play: Play, rollout: Rollout) -> None:
    if rollout.decoding != play.decoding:
        told = f"seed {play.seed} was decoded as {rollout.decoding}, not as {play.decoding}"
        raise _other(request, told, [rollout])
    if rollout.shown != play.prompt:
        raise _other(request, f"seed {play.seed} has another prompt than its play", [rollout])


def _check_lost(request: Request, played: Collection[int]) -> None:
    """Each play has a rollout; `played` has the places of those that do."""
    if lost := [play for place, play in enumerate(request.plays) if place not in played]:
        told = f"seed {lost[0].seed} has no rollout ({len(lost)} of {len(request.plays)} seeds)"
        raise _other(request, told)


def _check_single(request: Request, groups: Sequence[Group], player: Player) -> None:
    """One question and one answer a play."""
    rollouts = [rollout for group in groups for rollout in group]
    for play, rollout in zip(request.plays, rollouts, strict=False):
        if rollout.seed != play.seed:
            told = f"seed {rollout.seed} is out of order, or was not asked for"
            raise _other(request, told, [rollout])
        _check_play(request, play, rollout)
        if rollout.verdict is not None and rollout.verdict.fault and not rollout.length:
            continue  # infrastructure failed before the reply
        asked = messages_of(request.task.prompt if play.prompt is None else play.prompt)
        if rollout.messages[: len(asked)] != asked:
            raise _other(request, f"seed {play.seed} answers another prompt", [rollout])
        _check_reply(play, rollout, player)
    if len(rollouts) > len(request.plays):
        more = rollouts[len(request.plays)]
        raise _other(request, f"seed {more.seed} was not asked for", [more])
    _check_lost(request, range(len(rollouts)))


def _check_reply(play: Play, rollout: Rollout, player: Player) -> None:
    """The reply of a play is whole, no longer than its limit, and ends where it says.

    A play that is interrupted, or that goes on from another one, has more or fewer tokens.
    """
    ends = player.renderer.ends
    if not ends or play.pause_at or play.begun is not None:
        return
    odd = _odd_reply(play, rollout, ends)
    if not odd and rollout.acts[-1].finish is Finish.STOP:
        own = rollout.chosen_ids.tolist()
        text = "" if own[-1] in ends else player.renderer.text(own)
        if own[-1] not in ends and not any(stop in text for stop in play.decoding.stop):
            odd = "is said to be complete, but ends with no end token or stop string"
    if odd:
        check_integrity([rollout])  # tokens that were changed since are called so
        raise IntegrityError(
            f"wrong end: the reply to task {rollout.task.id!r}, seed {rollout.seed}, {odd}",
            [rollout],
        )


def _odd_reply(play: Play, rollout: Rollout, ends: frozenset[int]) -> str:
    """What is wrong with the tokens of a reply; empty for nothing."""
    own, most = rollout.chosen_ids.tolist(), play.decoding.max_new_tokens + len(play.prefix)
    if len(rollout.acts) != 1 or not own or rollout.observed.any():
        return f"is {len(rollout.acts)} replies of {len(own)} tokens, where one is due"
    if len(own) > most:
        return f"has {len(own)} tokens, and its limit is {most}"
    if tuple(own[: len(play.prefix)]) != play.prefix:
        return "does not begin with the tokens of its play"
    sampled = np.array(own[len(play.prefix) :], np.int64)
    inside = np.isin(sampled[:-1], list(ends))
    if inside.any():
        return f"goes on behind an end token (at {int(inside.argmax())} of {len(own)})"
    finish = rollout.acts[-1].finish
    if finish is Finish.LENGTH and len(own) and own[-1] in ends:
        return "ends with an end token, but is said to be cut"
    return ""
