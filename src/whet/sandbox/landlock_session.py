"""Sessions behind Landlock; the supervisor of each is a warden, a fork of the warm interpreter."""

import os
import pickle
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from whet.sandbox.interpreter import interpreter
from whet.sandbox.limits import SandboxFault
from whet.sandbox.messages import SessionFolder, SessionLimits
from whet.sandbox.session import SandboxSession, Supervised, opening
from whet.sandbox.slots import Lent
from whet.sandbox.watching import sealed

_PATIENCE_S = 30.0
_CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")  # of executables


def start(
    send: Callable[[bytes, list[int]], None],
    place: str,
    limits: SessionLimits,
    folder: SessionFolder,
) -> SandboxSession:
    """Have the warm interpreter fork a warden; `send` hands it descriptors."""
    warden = _Warden(user=Lent())
    try:
        supervised = warden.begin(send, _job(place, limits, folder, warden.user.number))
    except BaseException:
        warden.end()
        if warden.line is not None:
            warden.line.close()
        raise
    return SandboxSession(supervised, limits)


def _job(
    place: str, limits: SessionLimits, folder: SessionFolder, user: int | None
) -> dict[str, object]:
    found = interpreter()
    runs = (*folder.commands, *_LIBRARIES) if folder.commands else ()
    return {
        **opening(limits, {}),
        "files": {},
        "texts": dict(folder.files),
        "locked": sorted(folder.locked),
        "limits": limits.kernel(),
        "processes": int(limits.processes),
        "disk": int(limits.disk),
        "user": user,
        "place": place,
        "reads": found.reads,
        "runs": runs,
        "environment": found.environment,
    }


@dataclass(slots=True, kw_only=True)
class _Warden:
    """The host's handle on a warden."""

    user: Lent
    line: socket.socket | None = None
    ended: bool = field(default=False)

    def begin(self, send: Callable[[bytes, list[int]], None], job: dict[str, object]) -> Supervised:
        """Send the job, and learn the warden's number from its first word."""
        ours, theirs = socket.socketpair()
        self.line = ours
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        reading, writing = os.pipe()
        sent = sealed(pickle.dumps(job))
        try:
            try:
                send(b"open", [theirs.fileno(), sent, writing])
            finally:
                theirs.close()
                for fd in (sent, writing):
                    os.close(fd)
            pid = _sender(ours)
        except BaseException:
            os.close(reading)
            raise
        return Supervised(pid=pid, line=ours, output=reading, end=self.end, why=lambda: "killed")

    def end(self) -> None:
        """Close the line; the warden closes its end once it has buried all its processes."""
        if self.ended:
            return
        self.ended = True
        if self.line is not None:
            self.line.settimeout(_PATIENCE_S)
            with suppress(ConnectionError):
                self.line.shutdown(socket.SHUT_WR)
                while self.line.recv(1 << 12):
                    pass
        self.user.give_back()


def _sender(line: socket.socket) -> int:
    """The process at the other end, which has something to say; nothing is read."""
    line.settimeout(_PATIENCE_S)
    try:
        room = socket.CMSG_SPACE(_CREDENTIALS.size)
        word, extra, _, _ = line.recvmsg(1, room, socket.MSG_PEEK)
    except OSError as error:
        raise SandboxFault(f"a warden doesn't answer: {error}") from error
    told = [content for _, kind, content in extra if kind == socket.SCM_CREDENTIALS]
    if not word or not told:
        raise SandboxFault("a warden ended before the session began")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
    return _CREDENTIALS.unpack(told[0])[0]
