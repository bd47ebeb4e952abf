"""The part of a reply that is said, and not thought."""

_BEGIN, _END = "<think>", "</think>"


def said(text: str) -> str:
    """The text after the last `</think>`; nothing where `<think>` is opened and never closed."""
    begin, end = text.rfind(_BEGIN), text.rfind(_END)
    if begin > end:
        return ""
    return text[end + len(_END) :] if end >= 0 else text
