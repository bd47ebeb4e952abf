"""One HTTP request to one URL, with temporary and permanent errors."""

import json
from collections.abc import Mapping
from functools import cache
from ssl import SSLContext
from typing import Any

import httpx2 as httpx

_MOST = 64 << 20  # bytes of a reply
_SHOWN = 200  # characters of an error's body
_BUSY = frozenset({408, 409, 425, 429})  # besides every 5xx
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class ServerError(RuntimeError):
    """The server gave no usable reply."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status  # HTTP status; 0 without a response


class Busy(ServerError):
    """A temporary error: too many requests, a 5xx status, or no connection."""

    def __init__(self, message: str, *, status: int = 0, wait_s: float = 0.0) -> None:
        super().__init__(message, status=status)
        self.wait_s = wait_s  # the wait that the server asked for


def opened(concurrency: int, timeout_s: float) -> httpx.AsyncClient:
    """An HTTP client with a maximum of connections, and a timeout for each read.

    A request waits for a free connection as long as it takes.  Redirects are not followed: a key
    goes where it was sent, and nowhere else.
    """
    return httpx.AsyncClient(
        limits=httpx.Limits(max_connections=concurrency),
        timeout=httpx.Timeout(timeout_s, pool=None),
        follow_redirects=False,
        verify=_trusted(),
    )


@cache
def _trusted() -> SSLContext:
    """The trusted certificates.  Reading them takes 40 ms, so it is done once."""
    return httpx.create_ssl_context()


async def post(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """The JSON object of the server's answer.

    Raises `Busy` if another try may help, else `ServerError`.
    """
    headers = _HEADERS | ({"Authorization": f"Bearer {key}"} if key else {})
    content = json.dumps(body).encode()
    try:
        async with client.stream("POST", url, content=content, headers=headers) as response:
            raw = await _read(response)
    except httpx.TimeoutException as error:
        limit = f"server.timeout_s is {client.timeout.read:g}"
        raise Busy(f"{url}: timed out, {limit} ({type(error).__name__})") from None
    except httpx.RequestError as error:  # no connection, one that broke, or garbled bytes
        raise Busy(f"{url}: {type(error).__name__}: {error}") from None
    if not response.is_success:
        raise _refused(url, response, raw)
    return _object(url, raw)


async def _read(response: httpx.Response) -> bytes:
    """The body of a reply, up to one byte above the limit."""
    raw = bytearray()
    async for piece in response.aiter_bytes():
        raw += piece
        if len(raw) > _MOST:
            raise ServerError(f"{response.url}: the reply is longer than {_MOST} bytes")
    return bytes(raw)


def _refused(url: str, response: httpx.Response, raw: bytes) -> ServerError:
    """The exception for an HTTP error status."""
    status = response.status_code
    said = " ".join(raw.decode(errors="replace").split())[:_SHOWN]
    message = f"{url}: HTTP {status}: {said}"
    if status in _BUSY or response.is_server_error:
        return Busy(message, status=status, wait_s=_seconds(response.headers.get("Retry-After")))
    return ServerError(message, status=status)


def _seconds(text: str | None) -> float:
    """The seconds of a Retry-After header; a date counts as none."""
    return float(text) if text and text.strip().isascii() and text.strip().isdigit() else 0.0


def _object(url: str, raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Busy(f"{url}: no JSON: {raw[:80]!r}") from None
    if not isinstance(found, dict):
        raise Busy(f"{url}: no JSON object: {raw[:80]!r}")
    return found
