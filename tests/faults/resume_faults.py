"""Faults between two processes of one run: what a resume finds is not what was left."""

import json
import shutil
from dataclasses import dataclass, replace
from typing import ClassVar

from broken_engines import engine
from broken_learners import DECAYING, Forgetful, ForgetfulCritic, Rescheduled
from trials import AfterResume, Fault, tiny

from whet.engines.embedded.adapters import LoRA
from whet.policy import algorithms
from whet.protocols import Corpus
from whet.sampling.schedules.uniform import TaskStream, Uniform
from whet.types import Task
from whet.types.optimizers import AdamW


def newest(folder):
    return sorted((folder / "checkpoints").glob("step-*"))[-1]


def each(change):
    """Change every checkpoint, so that none is left to fall back to."""

    def changed(folder):
        for one in (folder / "checkpoints").glob("step-*"):
            change(one)

    return changed


def flipped(name):
    def change(checkpoint):
        path = checkpoint / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    return each(change)


def cut(name):
    def change(checkpoint):
        path = checkpoint / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return each(change)


def without(name):
    return each(lambda checkpoint: (checkpoint / name).unlink())


def swapped(folder):
    """The weights of the first checkpoint in every later one."""
    base, *later = sorted((folder / "checkpoints").glob("step-*"))
    for one in later:
        shutil.copy(base / "model.safetensors", one / "model.safetensors")
    (base / "place.json").unlink()


def no_checkpoints(folder):
    shutil.rmtree(folder / "checkpoints")


def no_metrics(folder):
    (folder / "metrics.jsonl").unlink()


def torn_metrics(folder):
    path = folder / "metrics.jsonl"
    lines = path.read_text("utf-8").split("\n")
    lines[1] = lines[1][: len(lines[1]) // 2]
    path.write_text("\n".join(lines), "utf-8")


def separated(folder):
    """A reply of the ledger has U+2028 and U+0085, unescaped: one line all the same."""
    path = folder / "metrics.jsonl"
    first, *rest = path.read_text("utf-8").split("\n")
    row = json.loads(first) | {"note": "a\u2028b\u0085c"}
    path.write_text("\n".join([json.dumps(row, ensure_ascii=False), *rest]), "utf-8")


def untouched(folder):
    del folder


@dataclass(frozen=True)
class Listed(Corpus):
    """Digits of a list, which somebody may change meanwhile."""

    digits: ClassVar[list[str]] = []

    def task(self, split: str, index: int) -> Task:
        digit = self.digits[index % len(self.digits)]
        return Task(id=f"{split}-{index}", prompt=f"{digit}=", answer=digit)

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]

    def size(self, split):
        return len(self.digits)


def _listed():
    Listed.digits[:] = "02468"
    return tiny(corpus=Listed())


def other_digit(folder):
    """One of the digits is another one, in data of the same name."""
    del folder
    Listed.digits[2] = "5"


@dataclass(slots=True)
class Restarted(TaskStream):
    """The loop over the tasks began before the state was loaded."""

    def load_state_dict(self, state):
        """Keep the position of a fresh run."""


@dataclass(slots=True)
class Ahead(TaskStream):
    """Tasks that were fetched ahead count as trained."""

    def load_state_dict(self, state):
        self.drawn = state["drawn"] + 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Uniform):
    """Tasks of another stream."""

    stream: type = TaskStream

    def open(self, setup):
        return self.stream.of(setup, self.per_step)


def _drawing(stream):
    run = tiny()
    return replace(run, sampling=replace(run.sampling, prompts=Drawn(per_step=4, stream=stream)))


def _fault(name, told, change, elsewhere=(), run=tiny, *, after=None, sound=None):  # noqa: PLR0913
    """`sound` makes the twin's run, where the fault is in the run and not in its folder."""
    return Fault(
        name=name,
        broken=AfterResume(run=run, change=change, after=after),
        healthy=AfterResume(run=sound or run, change=untouched),
        told=told,
        elsewhere=elsewhere,
    )


def _adapted():
    run = tiny()
    return replace(run, engine=replace(run.engine, lora=LoRA(rank=2)))


def _valued(**parts):
    """A critic that is trained alone for a step before the policy is."""
    objective = algorithms.load("vc_ppo", pretrain_steps=1)
    return tiny(objective=objective, engine=engine(**parts))


RESUME = (
    _fault(
        "One bit of the weights of every checkpoint has changed",
        "as it was written",
        flipped("model.safetensors"),
    ),
    _fault("The optimizer's state is cut short", "as it was written", cut("learner.pt")),
    _fault("The optimizer's state is missing", "as it was written", without("learner.pt")),
    _fault("The state of sampling is missing", "as it was written", without("sampling.pt")),
    _fault("Checkpoints hold the weights of another step", "as it was written", swapped),
    _fault(
        "One bit of the adapters has changed",
        "as it was written",
        flipped("learner.pt"),
        run=_adapted,
    ),
    _fault("The folder of checkpoints is gone", "checkpoints", no_checkpoints),
    _fault("The rows of the ledger are gone", "metrics.jsonl", no_metrics),
    _fault("A row of the ledger is torn in the middle", "metrics.jsonl, line 2", torn_metrics),
    _fault(
        "The optimizer is fresh after a resume",
        "optimizer: it has taken 0 steps",
        untouched,
        ("NVIDIA-NeMo/Automodel#763",),
        run=lambda: tiny(engine=engine(learned=Forgetful)),
        sound=lambda: tiny(engine=engine()),
    ),
    _fault(
        "The critic's optimizer is fresh after its warm-up and a resume",
        "optimizer of the critic",
        untouched,
        run=lambda: _valued(valued=ForgetfulCritic),
        sound=_valued,
    ),
    _fault(
        "A schedule of learning rates is moved on twice by a resume",
        "learning rate",
        untouched,
        run=lambda: tiny(optimizer=DECAYING, engine=engine(learned=Rescheduled)),
        sound=lambda: tiny(optimizer=DECAYING, engine=engine()),
    ),
    _fault(
        "The tasks begin again after a resume",
        "prompts.drawn was not restored",
        untouched,
        run=lambda: _drawing(Restarted),
        sound=lambda: _drawing(TaskStream),
    ),
    _fault(
        "Tasks that were fetched ahead count as trained",
        "prompts.drawn was not restored",
        untouched,
        run=lambda: _drawing(Ahead),
        sound=lambda: _drawing(TaskStream),
    ),
    _fault(
        "The training data are others than before",
        "--accept data",
        other_digit,
        run=_listed,
        after=lambda: tiny(corpus=Listed()),
    ),
    _fault(
        "The learning rate is another than before",
        "optimizer.lr",
        untouched,
        after=lambda: tiny(optimizer=AdamW(lr=2e-3)),
    ),
)
