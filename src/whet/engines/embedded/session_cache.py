"""The KV cache of all sessions: kept between turns, shared by forks, dropped when full."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from whet.engines.embedded.forest import common
from whet.engines.embedded.lines import Lines
from whet.engines.embedded.prompts import CachedPrompt, Prompts
from whet.engines.embedded.sessions import SequenceState, Session


@dataclass(slots=True)
class SessionCache:
    """Shared lines, own lines, and the idle sessions."""

    prompts: Prompts
    lines: Lines
    most: int  # most idle sessions that keep their keys
    resting: dict[Session, None] = field(
        default_factory=dict
    )  # idle sessions, the longest-idle first
    openings: dict[tuple[int, ...], list[Session]] = field(
        default_factory=dict
    )  # new sessions that wait, by the prompt that they begin with and that is not computed yet

    def expect(self, session: Session, prompt: tuple[int, ...]) -> None:
        """A new session waits: the line of its prompt, once computed, is kept until it begins."""
        shared = self.prompts.by_tokens.get(prompt)
        if shared is None:
            self.openings.setdefault(prompt, []).append(session)
        else:
            self._join(session, shared)

    def abandon(self, session: Session, prompt: tuple[int, ...]) -> None:
        """A session does not begin with this prompt after all."""
        waiting = self.openings.get(prompt, [])
        if session in waiting:
            waiting.remove(session)
        if not waiting:
            self.openings.pop(prompt, None)

    def wake(self, session: Session) -> None:
        """Make a session a live sequence."""
        self.resting.pop(session, None)
        self.lines.enter(session)

    def rest(self, row: int) -> None:
        """Make a live sequence idle, between two turns."""
        session = self.lines.live[row]
        self.lines.park(row)
        self._keep(session)

    def leave(self, row: int) -> None:
        """Remove a live sequence that has ended."""
        self._release(self.lines.live[row])
        self.lines.free(row)

    def end(self, session: Session) -> None:
        """Free the memory of a session. A live sequence keeps its position until the next step."""
        self.resting.pop(session, None)
        self._release(session)
        self.lines.forget(session)

    def branch(self, parent: Session, child: Session, prompt: tuple[int, ...]) -> None:
        """Start a new session with the prefix that it shares with `parent`.

        The keys in the parent's own line are copied once to a shared line, which the parent and all
        its forks read from then on.
        """
        if parent.shared is None:
            child.lost, child.reach = parent.lost, parent.reach
            return
        keep = min(parent.common(prompt), len(prompt) - 1)
        if keep > parent.reach:
            self._publish(parent)
        if keep > 0:
            child.shared, child.reach = parent.shared, keep
            child.shared.readers += 1
            self._keep(child)

    def fit(self, sequences: Iterable[SequenceState]) -> None:
        """Keep each prompt's cached prefix; find or compute shared lines for the others."""
        bare = []
        for sequence in sequences:
            self._cut(sequence.session, sequence.prompt)
            if sequence.session.shared is None:
                bare.append((sequence.session, _stem(sequence.session, sequence.prompt)))
        known: dict[tuple[int, ...], int] = {}
        for session, stem in bare:
            known[stem] = max(known.get(stem, 0), common(session.lost, stem))
        found = self.prompts.fetch((stem for _, stem in bare), known)
        for (session, stem), shared in zip(bare, found, strict=True):
            session.shared, session.reach = shared, len(stem)
        for stem, shared in {stem: s for (_, stem), s in zip(bare, found, strict=True)}.items():
            for session in self.openings.pop(stem, ()):
                self._join(session, shared)

    def clear(self, sessions: Iterable[Session]) -> None:
        """Drop all keys; sessions keep their token ids."""
        for session in sessions:
            session.lost, session.shared = session.row(), None
            session.own.clear()
        self.resting.clear()
        self.prompts.clear()
        self.lines.clear()

    def _join(self, session: Session, shared: CachedPrompt) -> None:
        """Read a line from the first turn on, unless too many lines are kept."""
        if session.shared is None and len(self.prompts.held) <= self.most:
            session.shared, session.reach = shared, len(shared.tokens)
            shared.readers += 1

    def _publish(self, parent: Session) -> None:
        if parent.shared is None:
            return
        own = self.lines.kv_cache, parent.line
        adopted = self.prompts.adopt(parent.row(), parent.shared, parent.reach, own)
        self.prompts.release(parent.shared)
        parent.shared, parent.reach = adopted, len(adopted.tokens)
        parent.own.clear()
        self.lines.forget(parent)

    def _cut(self, session: Session, prompt: tuple[int, ...]) -> None:
        shared = session.shared
        if shared is None:
            return
        if shared.logits is not None and prompt == shared.tokens:  # the logits after it are cached
            session.reach = len(prompt)
            session.own.clear()
            return
        keep = min(session.common(prompt), len(prompt) - 1)
        del session.own[max(0, keep - session.reach) :]
        session.reach = min(keep, session.reach)
        if not keep:
            self._release(session)

    def _keep(self, session: Session) -> None:
        self.resting[session] = None
        while len(self.resting) > self.most:
            unasked = (s for s in self.resting if s.sequence is None)
            gone = next(unasked, None) or next(reversed(self.resting))
            row, reach = gone.row(), gone.reach
            self.end(gone)
            gone.lost, gone.reach = row, reach

    def _release(self, session: Session) -> None:
        if session.shared is not None:
            self.prompts.release(session.shared)
        session.shared, session.reach = None, 0
        session.own.clear()


def _stem(session: Session, prompt: tuple[int, ...]) -> tuple[int, ...]:
    """The shared line to compute for a session without keys; that of its siblings if it had one."""
    reach = session.reach
    shared = 0 < reach < len(prompt) and session.lost[:reach] == prompt[:reach]
    return prompt[:reach] if shared else prompt
