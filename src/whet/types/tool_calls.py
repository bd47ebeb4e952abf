"""Calls of tools, as a reply holds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """Name and arguments of a call; `id` is empty where the format gives none."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCall:
    """Text that begins like a call and is none, and the reason."""

    text: str
    why: str
