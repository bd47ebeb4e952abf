"""Assignment of cache lines to sessions: live sequences first, without gaps, then parked ones."""

from dataclasses import dataclass, field
from itertools import count

from whet.engines.embedded.cache import KVCache
from whet.engines.embedded.sessions import Session


@dataclass(slots=True)
class Lines:
    """The owner of each line of the own cache.

    Sequence i of a decoding step owns line i. Idle sessions (parked) own lines behind the live
    ones.
    """

    kv_cache: KVCache
    live: list[Session] = field(default_factory=list)
    parked: dict[int, Session] = field(default_factory=dict)  # by line

    def holds(self, session: Session) -> bool:
        """True if the session is one of the live sequences."""
        line = session.line
        return 0 <= line < len(self.live) and self.live[line] is session

    def enter(self, session: Session) -> None:
        """Append a session to the live sequences."""
        target, source = len(self.live), session.line
        there = self.parked.pop(target, None)
        self.parked.pop(source, None)
        if source < 0 and there is not None:
            self._put(there, next(k for k in count(target + 1) if k not in self.parked))
        elif source != target and there is not None:
            self.kv_cache.swap(source, target, max(len(session.own), len(there.own)))
            self.parked[source] = there
            there.line = source
        elif source >= 0:
            self.kv_cache.move(source, target, len(session.own) * (source != target))
        session.line = target
        self.live.append(session)

    def free(self, row: int) -> None:
        """Remove a live sequence and its keys; the last one takes its line."""
        self.live[row].line = -1
        last = self.live.pop()
        if row < len(self.live):
            self.kv_cache.move(last.line, row, len(last.own))
            last.line = row
            self.live[row] = last

    def park(self, row: int) -> None:
        """Remove a live sequence but keep its keys in a line behind the live ones."""
        session, last = self.live[row], self.live[-1]
        if not session.own:
            self.free(row)
            return
        if session is not last:
            self.kv_cache.swap(row, last.line, max(len(session.own), len(last.own)))
            self.live[row] = last
            session.line, last.line = last.line, row
        self.live.pop()
        self.parked[session.line] = session

    def forget(self, session: Session) -> None:
        """Free the line of a parked session."""
        if self.parked.get(session.line) is session:
            del self.parked[session.line]
            session.line = -1

    def clear(self) -> None:
        """Remove all sessions and free the memory."""
        for session in (*self.live, *self.parked.values()):
            session.line = -1
        self.live.clear()
        self.parked.clear()
        self.kv_cache.clear()

    def _put(self, session: Session, line: int) -> None:
        self.kv_cache.reserve(line + 1, 1)
        self.kv_cache.move(session.line, line, len(session.own))
        self.parked[line] = session
        session.line = line
