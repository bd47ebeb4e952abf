"""The token row of a conversation while it is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy import ndarray

from whet.types import Act, Finish, Message, Rollout, Span, Version
from whet.types.kept import KEPT, WHOLE, kept_column
from whet.types.messages import ASSISTANT, content_of

_NONE = np.zeros(0, np.int32)


@dataclass(slots=True)
class Row:
    """Token ids and columns of a conversation. They are appended and never changed."""

    token_ids: list[int] = field(default_factory=list)
    action_mask: list[bool] = field(default_factory=list)
    chosen: int = 0
    columns: dict[str, list[ndarray]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    finish: Finish = Finish.STOP
    chat: bool = False  # whether it was opened with chat messages
    tools: tuple[Mapping[str, Any], ...] = ()  # schemas that its opening shows

    def copy(self) -> "Row":
        """An independent copy, which grows on its own."""
        return replace(
            self,
            token_ids=list(self.token_ids),
            action_mask=list(self.action_mask),
            columns={name: list(parts) for name, parts in self.columns.items()},
            spans=list(self.spans),
            acts=list(self.acts),
            messages=list(self.messages),
        )

    def said(self) -> list[int]:
        """Ids of the last reply."""
        return self.token_ids[self.acts[-1].start : self.acts[-1].stop] if self.acts else []

    def begun(self) -> str:
        """The text of the assistant's message that the next reply continues; "" without one."""
        last = self.messages[-1] if self.messages else {}
        own = [act.message for act in self.acts][-1:] == [len(self.messages) - 1]
        return content_of(last) if last.get("role") == ASSISTANT and not own else ""

    def hear(self, ids: Sequence[int], messages: Sequence[Message]) -> None:
        """Append an observation, outside the action mask."""
        self.token_ids.extend(ids)
        self.action_mask.extend([False] * len(ids))
        self.messages.extend(messages)

    def choose(
        self, ids: Sequence[int], version: Version | None, columns: dict[str, ndarray]
    ) -> None:
        """Append sampled tokens of one version; version None marks external tokens."""
        if not len(ids):
            return
        self.token_ids.extend(ids)
        self.action_mask.extend([True] * len(ids))
        self.chosen += len(ids)
        if self.spans and self.spans[-1].version == version:
            self.spans[-1] = Span(self.spans[-1].tokens + len(ids), version)
        else:
            self.spans.append(Span(len(ids), version))
        for name, column in columns.items():
            self.columns.setdefault(name, []).append(column)
        if KEPT in self.columns:
            self._fill(at_end=KEPT not in columns)

    def _fill(self, *, at_end: bool) -> None:
        """Add whole distributions for the tokens that have no kept set, such as forced ones."""
        parts = self.columns[KEPT]
        missing = self.chosen - sum(map(len, parts))
        if missing:
            parts.insert(len(parts) if at_end else 0, kept_column([WHOLE] * missing))

    def reply(self, size: int, text: str, ends: ndarray | None, state: str) -> None:
        """Mark the last `size` tokens as a reply with this text."""
        self.columns.setdefault("char_ends", []).append(_NONE if ends is None else ends)
        stop = len(self.token_ids)
        self.acts.append(
            Act(
                start=stop - size,
                stop=stop,
                message=len(self.messages),
                state=state,
                finish=self.finish,
            )
        )
        self.messages.append({"role": ASSISTANT, "content": text})

    def recorded(self, **known: Any) -> Rollout:
        """The rollout of this row; `known` are the fields that a row does not have."""
        columns = {name: np.concatenate(parts) for name, parts in self.columns.items()}
        columns = {name: x for name, x in columns.items() if len(x) == self.chosen}
        return Rollout(
            token_ids=np.array(self.token_ids, np.int32),
            action_mask=np.array(self.action_mask, np.bool_),
            behaviour_logp=columns.pop("logp", np.zeros(0, np.float32)),
            entropy=columns.pop("entropy", None),
            columns=columns,
            spans=tuple(self.spans),
            acts=tuple(self.acts),
            messages=tuple(self.messages),
            finish=self.finish,
            **known,
        )
