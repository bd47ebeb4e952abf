"""A server with OpenEnv's `/schema` and `/ws`, on a port of this machine."""

import asyncio
import base64
import json
import struct
import threading
from contextlib import contextmanager
from hashlib import sha1

from environments.foreign.openenv_style import Guess, Guessing

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Server:
    """`broken` names what it does wrong at a step: "error", "hang", "close" or "text"."""

    def __init__(self, broken=""):
        self.broken = broken
        self.open = 0

    async def serve(self, reader, writer):
        try:
            await self.answered(reader, writer)
        finally:
            writer.close()

    async def answered(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("GET /schema"):
            body = json.dumps({"action": Guess.model_json_schema()}).encode()
            start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(start.encode() + body)
        else:
            await self.talk(reader, writer, head)
        await writer.drain()

    async def talk(self, reader, writer, head):
        [key] = [x.split(": ")[1] for x in head.split("\r\n") if x.startswith("Sec-WebSocket-Key")]
        accept = base64.b64encode(sha1(f"{key}{MAGIC}".encode()).digest()).decode()
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        env, self.open = Guessing(), self.open + 1
        while (asked := await received(reader)) is not None:
            broken = self.broken if asked["type"] == "step" else ""
            if broken == "hang":
                await asyncio.sleep(30)
            if broken == "close":
                writer.write(struct.pack("!BB", 0x88, 0))
                break
            text = "not JSON" if broken == "text" else json.dumps(self.answer(env, asked))
            for frame in frames(text.encode()):
                writer.write(frame)
        self.open -= 1

    def answer(self, env, asked):
        if self.broken == "error" and asked["type"] == "step":
            return {"type": "error", "data": {"code": "EXECUTION_ERROR", "message": "no disk"}}
        try:
            data = asked["data"]
            seen = env.reset(**data) if asked["type"] == "reset" else env.step(Guess(**data))
        except ValueError as error:
            return {"type": "error", "data": {"code": "VALIDATION_ERROR", "message": str(error)}}
        told = {"observation": {"message": seen.message, "left": env.left}}
        return {"type": "observation", "data": {**told, "reward": seen.reward, "done": seen.done}}


def frames(payload):
    """A ping, and the text in two pieces."""
    yield struct.pack("!BB", 0x89, 2) + b"hi"
    yield struct.pack("!BBH", 0x01, 126, 5) + payload[:5]
    yield struct.pack("!BBQ", 0x80, 127, len(payload) - 5) + payload[5:]


async def received(reader):
    """The next message; None where the connection is closed.  Pongs are passed over."""
    try:
        while True:
            kind, size = await reader.readexactly(2)
            size &= 0x7F
            if size == 126:
                [size] = struct.unpack("!H", await reader.readexactly(2))
            key = await reader.readexactly(4)
            text = await reader.readexactly(size)
            if kind & 0x0F == 8:
                return None
            if kind & 0x0F == 1:
                told = json.loads(bytes(x ^ key[n % 4] for n, x in enumerate(text)))
                return None if told["type"] == "close" else told
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


@contextmanager
def served(broken=""):
    """The URL of a running server, and the server."""
    server, loop = Server(broken), asyncio.new_event_loop()
    opened = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{opened.sockets[0].getsockname()[1]}", server
    finally:
        asyncio.run_coroutine_threadsafe(_stopped(opened), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stopped(opened):
    opened.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
