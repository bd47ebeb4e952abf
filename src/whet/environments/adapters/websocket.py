"""A small client of WebSockets (RFC 6455): text messages, over TCP or TLS."""

import asyncio
import base64
import os
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha1
from urllib.parse import urlsplit

from whet.types import Fault

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of the RFC, section 1.3
_CONTINUED, _TEXT, _CLOSE, _PING, _PONG = 0, 1, 8, 9, 10
_LAST, _MASKED, _LENGTH = 0x80, 0x80, 0x7F
_SHORT, _LONG = 126, 127  # marks of a length in 2 or 8 bytes
_DONE = 1000  # code of a normal end
_PATIENCE_S = 1.0  # for the server's end
_MOST = 100 << 20  # bytes of a message
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


@dataclass(slots=True)
class WebSocket:
    """An open connection.  A server that closes it, or breaks the protocol, is a `Fault`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, text: str) -> None:
        """Send a text as one message."""
        await self._send(_TEXT, text.encode())

    async def receive(self) -> str:
        """The next text; pings are answered in between."""
        parts, size = list[bytes](), 0
        while True:
            last, kind, payload = await self._frame()
            if kind == _PING:
                await self._send(_PONG, payload)
            elif kind == _CLOSE:
                raise Fault(
                    f"the server closed the connection: {payload[2:].decode(errors='replace')}"
                )
            elif kind in (_TEXT, _CONTINUED):
                parts.append(payload)
                size += len(payload)
                if size > _MOST:
                    raise Fault(f"the server sent more than {_MOST} bytes")
                if last:
                    return b"".join(parts).decode()

    async def end(self) -> None:
        """Tell the server that the connection ends, and wait shortly until it agrees."""
        await self._send(_CLOSE, struct.pack("!H", _DONE))
        async with asyncio.timeout(_PATIENCE_S):
            while (await self._frame())[1] != _CLOSE:
                pass

    async def _send(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if size < _SHORT:
            head = struct.pack("!BB", _LAST | kind, _MASKED | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", _LAST | kind, _MASKED | _SHORT, size)
        else:
            head = struct.pack("!BBQ", _LAST | kind, _MASKED | _LONG, size)
        key = os.urandom(4)
        self.writer.write(head + key + _masked(payload, key))
        await self.writer.drain()

    async def _frame(self) -> tuple[bool, int, bytes]:
        first, second = await self.reader.readexactly(2)
        size = second & _LENGTH
        if size == _SHORT:
            [size] = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == _LONG:
            [size] = struct.unpack("!Q", await self.reader.readexactly(8))
        if size > _MOST or second & _MASKED:
            raise Fault("the server broke the protocol of WebSockets")
        return bool(first & _LAST), first & 0x0F, await self.reader.readexactly(size)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[WebSocket]:
    """A connection to a `ws`, `wss`, `http` or `https` URL, closed at the end.

    Raises `OSError` where the server can't be reached, and `Fault` where it is no WebSocket.
    """
    place = urlsplit(url)
    port = place.port or _PORTS[place.scheme]
    secure = ssl.create_default_context() if place.scheme in ("wss", "https") else None
    reader, writer = await asyncio.open_connection(place.hostname, port, ssl=secure)
    socket = WebSocket(reader, writer)
    try:
        await _shaken(socket, place.netloc.rpartition("@")[2], place.path or "/", url)
        yield socket
    finally:
        with suppress(OSError, asyncio.IncompleteReadError):
            await socket.end()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _shaken(socket: WebSocket, host: str, path: str, url: str) -> None:
    """The opening handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    )
    socket.writer.write("\r\n".join((*lines, "", "")).encode())
    await socket.writer.drain()
    answer = (await socket.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (x.partition(":") for x in answer[1:])
    }
    expected = base64.b64encode(sha1(f"{key}{_MAGIC}".encode()).digest()).decode()
    if " 101 " not in f"{answer[0]} " or headers.get("sec-websocket-accept") != expected:
        raise Fault(f"{url} is no WebSocket: it answered {answer[0]!r}")


def _masked(payload: bytes, key: bytes) -> bytes:
    """Each byte with that of the key at its place modulo 4 (exclusive or)."""
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)
