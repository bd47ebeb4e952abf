"""`whet env replay RUN ROLLOUT`: a recorded play is played again, and its verdict compared."""

import asyncio
import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from whet.environments.opponents import Past
from whet.front.training import load_run, started_in
from whet.policy.inspection import walk
from whet.protocols import GroupReward, WorldSetup
from whet.rewards.judging import context_of, judge
from whet.rollouts.replay import replay as verdict_of
from whet.training import card
from whet.training.kept_rollouts import KeptPlay, kept_play
from whet.training.run import Run
from whet.types import Group, UsageError, Verdict
from whet.view.conversation import lines, of_rollout

DIFFERENT = 1


def replay(folder: str, name: str, *, as_json: bool) -> int:
    """Print the conversation and both verdicts; the exit code is 1 if they differ.

    Raises `UsageError` for a rollout that is not there, `IntegrityError` for a world that answers
    in another way.
    """
    place = Path(folder).absolute()
    run, kept = load_run(place), kept_play(place, name)
    if not as_json:
        print("\n\n".join(_conversations(kept)), flush=True)
    with started_in(card.read(place)):
        again = asyncio.run(_verdict(run, kept))
    was = kept.rollouts[0].verdict
    equal = None if isinstance(again, Unasked) else _told(was) == _told(again)
    if as_json:
        now = None if isinstance(again, Unasked) else _told(again)
        texts = kept.rollouts[0].turns
        print(json.dumps({"turns": texts, "was": _told(was), "is": now, "equal": equal}))
    elif isinstance(again, Unasked):
        print(
            f"recorded verdict: {_line(was)}\n{again.why}; every observation was the recorded one"
        )
    else:
        print(f"verdict: {_line(again)}")
        print("equal to the recorded one" if equal else f"recorded: {_line(was)}")
    return DIFFERENT if equal is False else 0


@dataclass(frozen=True, slots=True)
class Unasked:
    """In place of a verdict that a single rollout does not have."""

    why: str


async def _verdict(run: Run, kept: KeptPlay) -> Verdict | Unasked | None:
    """The world's verdict, or that of the run's reward where there is one."""
    if any(isinstance(one, Past) for one in run.environment.opponents):
        raise UsageError(
            "opponent Past had another pool when the rollout was played, which is not kept; only "
            "plays against other opponents can be replayed"
        )
    renderer = await run.engine.renderer(run.model)
    world = await run.environment.open(WorldSetup(rival=partial(run.engine.rival, run.model)))
    found = await verdict_of(world, kept.task, kept.rollouts, renderer)
    if run.reward is None or found is not None and found.fault:
        return found
    if any(isinstance(part, GroupReward) for part in walk(run.reward)):
        return Unasked(
            f"{type(run.reward).__name__} judges groups of rollouts, so it was not asked"
        )
    first = replace(kept.rollouts[0], verdict=found)
    group = Group(task=kept.task, rollouts=(first,), seat=first.seat)
    return (await judge(group, run.reward, context_of(kept.step))).rollouts[0].verdict


def _conversations(kept: KeptPlay) -> list[str]:
    """The conversation of the rollout, then those of the other seats of its play."""
    own, *others = kept.rollouts
    shown = [own, *(one for one in others if one.seat != own.seat)]
    return ["\n".join(lines(of_rollout(one))) for one in shown]


def _told(verdict: Verdict | None) -> dict[str, object] | None:
    """What the ledger keeps of a verdict."""
    if verdict is None:
        return None
    score = float(np.float32(verdict.score)) if verdict.judged else None  # as the ledger has it
    return {"reason": str(verdict.reason), "score": score, "correct": verdict.correct}


def _line(verdict: Verdict | None) -> str:
    if verdict is None:
        return "none"
    note = f", {verdict.note}" if verdict.note else ""
    score = f"score {verdict.score:g}, " if verdict.judged else ""
    return f"{score}{verdict.reason}{note}"
