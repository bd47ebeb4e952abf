"""A rollout as a conversation, turn by turn: data, lines of text, and HTML."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from markupsafe import Markup

from whet.training.as_json import from_json
from whet.types import Act, BadCall, Finish, Message, Rollout, ToolCall, UsageError
from whet.types.messages import ASSISTANT, TOOL, content_of, dialogue
from whet.view.called import Calls, calls_of
from whet.view.scorecard import number
from whet.view.visible import visible

ONE_TURN = 2
"""Number of texts (`Rollout.turns`) of a single turn: the observation and the reply."""

_CONSOLE, _PAGE = 20_000, 2_000  # characters of a text
_NAME = 100  # characters of a name
_ENDS = 20  # turns at either end of a conversation on a page


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTurn:
    """What one message says.

    `speaker` is the seat of a reply that has one, the name of a tool that gives a result, else the
    role.  `tokens`, `reward` and `finish` are those of a reply of the policy; None where they are
    not known.
    """

    speaker: str
    text: str
    calls: Calls = ()
    reply: bool = False  # of the policy, rather than a message that the policy was shown
    tokens: int | None = None  # sampled ones
    reward: float | None = None
    finish: Finish | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The turns of a rollout, its place and its outcome; a fault has no score."""

    task: str
    rollout: str
    turns: tuple[ShownTurn, ...]
    finish: str
    seed: int
    seat: str = ""
    parent: str = ""
    forked_at: int = 0
    score: float | None = None
    correct: bool | None = None
    reason: str = ""
    note: str = ""
    parts: Mapping[str, float | None] = field(default_factory=dict)
    unread: str = ""  # why the messages could not be read, so that only their texts are shown


def of_rollout(rollout: Rollout) -> Conversation:
    """The conversation of a rollout."""
    verdict = rollout.verdict
    rewards = verdict.turn_rewards if verdict else ()
    known = [tool.get("function", tool).get("name") for tool in rollout.task.tools]
    return Conversation(
        task=rollout.task.id,
        rollout=rollout.id,
        turns=_turns(rollout.messages, rollout.acts, rollout.seat, rewards, known),
        finish=str(rollout.finish),
        seed=rollout.seed,
        seat=rollout.seat,
        parent=rollout.parent,
        forked_at=rollout.forked_at,
        score=verdict.score if verdict and verdict.judged else None,
        correct=verdict.correct if verdict else None,
        reason=str(verdict.reason) if verdict else "",
        note=verdict.note if verdict else "",
        parts=verdict.parts if verdict else {},
    )


def of_row(row: Mapping[str, Any]) -> Conversation:
    """The conversation of a row of the ledger.

    A row of an earlier version has no messages: its texts are shown, with a user and an assistant
    as speakers.
    """
    why, seat = "", row.get("seat") or ""
    try:
        messages, acts = _kept(row)
    except UsageError as error:
        messages, acts, why = dialogue(*row["turns"]), (), str(error)
    return Conversation(
        task=row["task_id"],
        rollout=row["id"],
        turns=_turns(messages, acts, seat, row.get("turn_rewards") or (), ()),
        finish=row["finish"],
        seed=row["seed"],
        seat=seat,
        parent=row.get("parent") or "",
        forked_at=row.get("forked_at") or 0,
        score=row["score"],
        correct=row["correct"],
        reason=row["reason"] or "",
        note=row.get("note") or "",
        parts=json.loads(row.get("parts") or "{}"),
        unread=why,
    )


def _kept(row: Mapping[str, Any]) -> tuple[Sequence[Message], tuple[Act, ...]]:
    """Messages and replies of a row.  Raises `UsageError` where they are not kept."""
    if row.get("messages") is None or row.get("acts") is None:
        raise UsageError("the messages were not kept")
    acts = tuple(Act(**{**act, "finish": Finish(act["finish"])}) for act in row["acts"])
    return from_json(json.loads(row["messages"])), acts


def _turns(
    messages: Sequence[Message],
    acts: Sequence[Act],
    seat: str,
    rewards: Sequence[float],
    tools: Sequence[str | None],
) -> tuple[ShownTurn, ...]:
    """A turn for each message; rewards that are not one for each reply are left out."""
    given = rewards if len(rewards) == len(acts) else [None] * len(acts)
    replies = {act.message: (act, reward) for act, reward in zip(acts, given, strict=True)}
    results = {message.get("name") for message in messages if message.get("role") == TOOL}
    known = frozenset(name for name in (*results, *tools) if name)
    found: list[ShownTurn] = []
    for place, message in enumerate(messages):
        text, said = _said(message), message.get("role") == ASSISTANT
        calls = calls_of(message, text, known) if said else ()
        act, reward = replies.get(place, (None, None))
        reply = act is not None or (said and not acts)
        found.append(
            ShownTurn(
                speaker=seat or ASSISTANT if reply else _speaker(message),
                text=text,
                calls=calls,
                reply=reply,
                tokens=act.stop - act.start if act else None,
                reward=reward,
                finish=act.finish if act else None,
            )
        )
    return tuple(found)


def _said(message: Message) -> str:
    try:
        return content_of(message)
    except UsageError as error:
        return f"[{error}]"


def _speaker(message: Message) -> str:
    role = str(message.get("role", "unknown"))
    return str(message.get("name") or role) if role == TOOL else role


def lines(talk: Conversation, most: int = _CONSOLE) -> list[str]:
    """The conversation for a console: the number of each turn, its speaker and its text.

    A further line of a text is indented, so that no text looks like a turn.  A text of more than
    `most` characters is cut in the middle.
    """
    found, turn = [title(talk)], 1
    for said in talk.turns:
        about = f" ({facts})" if (facts := _facts(said)) else ""
        text = visible(said.text, most) or "[empty]"
        found.append(_indented(f"[{turn}] {visible(said.speaker, _NAME)}{about}: {text}"))
        found += [_indented(f"    calls {call}") for call in _calls(said, most)]
        turn += said.reply
    return [*found, outcome(talk)]


def title(talk: Conversation) -> str:
    """Task, seed, rollout, seat and fork point."""
    seat = f", seat {talk.seat}" if talk.seat else ""
    fork = f", forked from {talk.parent} after {_count(talk.forked_at)}" if talk.parent else ""
    unread = f" ({talk.unread}; only its texts are shown)" if talk.unread else ""
    return _line(f"task {talk.task}, seed {talk.seed}, rollout {talk.rollout}{seat}{fork}{unread}")


def outcome(talk: Conversation) -> str:
    """Ending, score, correctness, reason, parts and note."""
    said = [f"ending {talk.finish}", "no score" if talk.score is None else f"score {talk.score:g}"]
    said += [] if talk.correct is None else ["correct" if talk.correct else "not correct"]
    said += [f"reason {talk.reason}"] if talk.reason else []
    said += [f"{name} {_value(part)}" for name, part in talk.parts.items()]
    said += [f"note: {talk.note}"] if talk.note else []
    return _line("; ".join(said))


def _line(text: str) -> str:
    return visible(" ".join(text.splitlines()), 10 * _NAME)


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _value(part: float | None) -> str:
    return number(part) if part is not None and isfinite(part) else "–"


def _count(tokens: int) -> str:
    return "1 token" if tokens == 1 else f"{tokens:,} tokens"


def _facts(said: ShownTurn) -> str:
    """What is known of a reply: its tokens, its reward, and its ending unless it stopped."""
    found = [] if said.tokens is None else [_count(said.tokens)]
    found += [] if said.reward is None else [f"reward {said.reward:g}"]
    found += [] if said.finish in (None, Finish.STOP) else [f"ended by {said.finish}"]
    return ", ".join(found)


def _calls(said: ShownTurn, most: int) -> Iterator[str]:
    """Each call: name, and arguments as JSON; for a bad one its text and what is wrong."""
    for call in said.calls:
        match call:
            case ToolCall():
                given = json.dumps(dict(call.arguments), ensure_ascii=False, default=str)
                yield f"{visible(call.name, _NAME)}({visible(given, most)})"
            case BadCall():
                yield f"nothing: {visible(call.text, most)} ({visible(call.why, _NAME)})"


_TURN = Markup('<div class="turn"><strong>{}</strong> <span class="quiet">{}</span>{}</div>\n')
_PRE = Markup("<pre>{}</pre>")
_CALL = Markup('<pre class="call">calls {}</pre>')
_QUIET = Markup('<p class="quiet">{}</p>\n')


def html(talk: Conversation, most: int = _PAGE) -> Markup:
    """The conversation as HTML in which every text is escaped, and cut to `most` characters.

    Of many turns the first and the last 20 are shown, with the number of the others.
    """
    first, last = talk.turns[:_ENDS], talk.turns[max(_ENDS, len(talk.turns) - _ENDS) :]
    left = len(talk.turns) - len(first) - len(last)
    gap = _QUIET.format(f"… {left:,} turns left out …") if left else Markup()
    page = Markup().join
    inside = (_QUIET.format(title(talk)), page(_blocks(first, most)), gap)
    return page((*inside, page(_blocks(last, most)), _QUIET.format(outcome(talk))))


def _blocks(turns: Sequence[ShownTurn], most: int) -> Iterator[Markup]:
    for said in turns:
        text = _PRE.format(visible(said.text, most) or "[empty]")
        calls = Markup().join(_CALL.format(call) for call in _calls(said, most))
        yield _TURN.format(visible(said.speaker, _NAME), _facts(said), text + calls)
