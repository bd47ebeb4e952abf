"""Messages, calls and responses."""

from dataclasses import dataclass, field


@dataclass
class ToolCall:
    """A call: its arguments are JSON."""

    id: str
    name: str
    arguments: str


@dataclass
class ResponseMessage:
    """A reply."""

    content: str
    tool_calls: list | None = None
    finish_reason: str = "stop"
    is_truncated: bool = False
    role: str = field(default="assistant")


@dataclass
class Response:
    """A reply in its envelope."""

    id: str
    created: int
    model: str
    message: ResponseMessage
