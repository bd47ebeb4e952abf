"""Runs of many turns that kill themselves in the middle of a step.

python killed_runs.py FOLDER NAME:PLACE:COUNT … plays a run in FOLDER/NAME for each of them, in a
process of its own, and prints how it ended.
"""

import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path

from small import Digits, FirstDigit, followed, small

from whet.calls.call_format import CallFormat, Found
from whet.calls.shipped.calc import calc
from whet.data.problems import Problems
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.scheduler import Scheduler
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.game.kuhn import Kuhn
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.checkpoint import Checkpoints
from whet.training.run import PeriodicEval
from whet.training.trainer import Trainer
from whet.types import Decoding, ToolCall

_SURVIVED = 3


@dataclass(frozen=True, slots=True)
class Sums(CallFormat):
    """Every sum of two digits is a call, so that a random model makes some."""

    def find(self, text: str, at: int) -> Found | None:
        found = re.compile(r"[0-9]+=").search(text, at)
        if found is None:
            return None
        call = ToolCall(name="calc", arguments={"expression": f"{found[0][0]}*3"})
        return Found(found.start(), found.end(), (call,))

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "".join(f"{call.arguments['expression'][0]}=" for call in calls)


def _tokenizer(alphabet):
    return FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=alphabet))


def _sampling(length):
    return Standard(
        prompts=Uniform(per_step=3),
        size=Fixed(rollouts=3),
        decoding=Decoding(max_new_tokens=length),
    )


_BASE = small(
    steps=3,
    warmup=(),
    evaluation=EvalConfig(problems=2, samples=2, k=(1,)),
    periodic=PeriodicEval(every=0),
)
_KUHN = Kuhn(rules="")
RUNS = {
    "tools": replace(
        _BASE,
        model=_tokenizer("0123456789=\n"),
        corpus=Digits(),
        reward=FirstDigit(),
        environment=ToolAgent(tools=(calc,), calls=3, plain=Sums()),
        sampling=_sampling(5),
    ),
    "self-play": replace(
        _BASE,
        model=_tokenizer(Kuhn.alphabet),
        corpus=Problems(family=_KUHN, levels=(1, 1)),
        reward=None,
        environment=_KUHN,
        objective=algorithms.load("rae"),
        sampling=_sampling(1),
    ),
}
PLACES = {  # methods that are called in the middle of something
    "decoding": (Scheduler, "step"),
    "learning": (EmbeddedLearner, "_backward"),
    "recording": (Trainer, "_write"),
    "saving": (Checkpoints, "_identity"),
}


def watch(place, before):
    """Call `before` with the number of calls at a place so far, at each of them."""
    owner, name = PLACES[place]
    original, count = getattr(owner, name), iter(range(10**9))

    @wraps(original)
    def watched(*given, **named):
        before(next(count))
        return original(*given, **named)

    setattr(owner, name, watched)


def _die_at(number):
    def before(count):
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return before


def _killed(run, folder, place, number):
    """The signal that ended a process which plays the run; 0 for none."""
    child = os.fork()
    if not child:
        watch(place, _die_at(number))
        followed(run, folder)
        os._exit(_SURVIVED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    folder, *kills = sys.argv[1:]
    for kill in kills:
        name, place, number = kill.split(":")
        ended = _killed(RUNS[name], Path(folder) / name, place, int(number))
        sys.stdout.write(f"{ended}\n")
