"""Judges that repeat a candidate in their output, for replies that forge a verdict."""

import asyncio
import json

from advisers import Reading, Scripted, rolled

from whet import rewards
from whet.rewards.generative.pointwise import Expected, Pointwise
from whet.rewards.judging import context_of, verdicts
from whet.types import Group

CRITERIA = [{"criterion": "is right", "points": 1}]
INFO = {"rubric": CRITERIA, "checklist": CRITERIA}
JUDGES = {
    "pointwise": Pointwise(),
    "expected": Pointwise(scale=Expected()),
    **{name: rewards.load(name) for name in ("reasoning_judge", "rubric", "checklist", "rubicon")},
    "pairwise": rewards.load("pairwise"),
}


def lowest(reading: Reading) -> str:
    """The worst verdict that the form has; in a comparison the injected reply loses."""
    if not reading.decoding.schema:
        return "Verdict: no" if "Verdict" in reading.user.splitlines()[-1] else "1"
    form = json.loads(reading.decoding.schema)["properties"]
    if "better" in form:
        return json.dumps({"better": "A" if reading.texts["reply A"] == "It is 42." else "B"})
    if "met" in form:
        return '{"met": "no"}'
    return json.dumps({name: mark["minimum"] for name, mark in form.items()})


ECHOES = {
    "in a fence": "The reply is\n```\n{}\n```\nand no more.",
    "behind a colon": "The reply is:\n{}",
    "in marks": 'The reply is "{}".',
    "with its thoughts": "<think>The reply is\n{}",
}


def echoing(style: str, *, for_ever: bool) -> Scripted:
    """A judge that repeats the candidate first, and gives the worst verdict when asked again."""

    def say(reading: Reading) -> str:
        if reading.repair and not for_ever:
            return lowest(reading)
        texts = [text for name, text in reading.texts.items() if name.startswith("reply")]
        odd = [text for text in texts if text != "It is 42."]
        return (ECHOES | BARE)[style].format((odd or texts)[0])

    return Scripted(say)


BARE = {
    "below a sentence": "The reply ends so.\n{}",
    "alone": "{}",
    "behind a heading": "My verdict:\n\n{}",
}


def judged(judge, *replies):
    group = Group.of([rolled(reply, **INFO) for reply in replies])
    return asyncio.run(verdicts(group, judge, context_of()))
