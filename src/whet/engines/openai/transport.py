"""One question to one URL, by HTTP; what may be tried again, and what may not."""

import json
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

_MOST = 64 << 20  # bytes of a reply
_SHOWN = 200  # characters of an error's body
_BUSY = frozenset({408, 409, 425, 429})  # besides every 5xx


class ServerError(RuntimeError):
    """The server gave no reply that can be used."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status  # of HTTP; 0 where there was none


class Busy(ServerError):
    """Not now: too many requests, an error of the server's own, or nobody there."""

    def __init__(self, message: str, *, status: int = 0, wait_s: float = 0.0) -> None:
        super().__init__(message, status=status)
        self.wait_s = wait_s  # that the server asked for


class _Stay(HTTPRedirectHandler):
    """A key goes where it was sent, and nowhere else."""

    def redirect_request(  # noqa: PLR0913, PLR0917  (the parent's)
        self, req: Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


_OPENER = build_opener(_Stay)


def post(url: str, body: Mapping[str, Any], key: str, timeout_s: float) -> dict[str, Any]:
    """The JSON object that the server answers with.  `timeout_s` bounds each wait for its bytes.

    Raises `Busy` where another try may help, else `ServerError`.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    request = Request(url, data=json.dumps(body).encode(), headers=headers, method="POST")
    try:
        with _OPENER.open(request, timeout=timeout_s) as response:
            raw = response.read(_MOST + 1)
    except HTTPError as error:
        with error:
            raise _refused(url, error) from None
    except (OSError, HTTPException) as error:  # no connection, one that broke, or a timeout
        raise Busy(f"{url}: {type(error).__name__}: {error}") from None
    return _object(url, raw)


def _refused(url: str, error: HTTPError) -> ServerError:
    """What an HTTP error means."""
    try:
        said = " ".join(error.read(_MOST).decode(errors="replace").split())[:_SHOWN]
    except (OSError, HTTPException):
        said = "(its body can't be read)"
    message = f"{url}: HTTP {error.code}: {said}"
    if error.code in _BUSY or error.code >= 500:  # noqa: PLR2004  (the server's own errors)
        return Busy(message, status=error.code, wait_s=_seconds(error.headers.get("Retry-After")))
    return ServerError(message, status=error.code)


def _seconds(text: str | None) -> float:
    """Of a Retry-After; a date counts as none."""
    return float(text) if text and text.strip().isascii() and text.strip().isdigit() else 0.0


def _object(url: str, raw: bytes) -> dict[str, Any]:
    if len(raw) > _MOST:
        raise ServerError(f"{url}: the reply is longer than {_MOST} bytes")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Busy(f"{url}: no JSON: {raw[:80]!r}") from None
    if not isinstance(found, dict):
        raise Busy(f"{url}: no JSON object: {raw[:80]!r}")
    return found
