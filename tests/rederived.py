"""Random replies, and their steps, for rewards that are computed a second time."""

ANSWER = "42"


def drawn(rng, kind):
    """The text of one reply: always `right`, always `wrong`, or anything."""
    body = "".join(rng.choice("ab;\n 7") for _ in range(rng.randrange(9)))
    ends = {"right": [ANSWER], "wrong": ["7", ""], "any": [ANSWER, "7", "", " fault"]}[kind]
    return rng.choice(["", body]) + rng.choice(ends)


def spans_of(reply, mark):
    """Steps: each text up to a mark; text without a visible character is no step of its own, unless
    there is nothing else.
    """
    spans, start, at = [], 0, 0
    while (at := reply.find(mark, at)) >= 0:
        at += len(mark)
        if reply[start:at].replace(mark, "").strip() and reply[at:].replace(mark, "").strip():
            spans.append((start, at))
            start = at
    return [*spans, (start, len(reply))] if reply else []
