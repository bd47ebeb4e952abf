"""An evaluation whose verdicts are given by a table: (problem, sample) → verdict."""

import asyncio

from fakes import fake
from recorded import recorded

from whet.evaluation.measure import EvalConfig, measure
from whet.protocols import Player
from whet.types import Decoding, Finish, Group, Reason, Task, Verdict

GREEDY = -1  # the sample of a greedy reply
RIGHT, WRONG = Verdict.binary(correct=True), Verdict.binary(correct=False)
FAULT = Verdict.unjudged("Math raised TimeoutError: 10 s")
REFUSED = Verdict.not_applicable("no unit tests")


def scored(score, correct=None):
    """A verdict with a score, by default without correctness."""
    return Verdict(reason=Reason.PARTIAL, score=score, correct=correct)


def evaluated(verdict, problems=10, samples=16, k=(1, 4, 16), cut=lambda problem, sample: False):
    """The scorecard of an evaluation in which `verdict(problem, sample)` judges."""

    def reply(task, seed, sample):
        place = int(task.id)
        return recorded(
            task=task,
            seed=seed,
            turns=("q", "r"),
            tokens=(0, 1, 2),
            chosen=(False, True, True),
            behaviour_logp=(-1.0, -1.0),
            finish=Finish.LENGTH if cut(place, sample) else Finish.STOP,
            verdict=verdict(place, sample),
        )

    async def play(request):
        greedy = request.plays[0].decoding.temperature == 0
        seeds = [play.seed for play in request.plays]
        replies = [reply(request.task, s, GREEDY if greedy else i) for i, s in enumerate(seeds)]
        return (Group.of(replies),)

    tasks = [Task(id=str(i), prompt="q", answer="r") for i in range(problems)]
    config = EvalConfig(problems=problems, samples=samples, k=k)
    how = Decoding(max_new_tokens=9)
    return asyncio.run(measure(fake(Player, play=play), None, tasks, config, how))
