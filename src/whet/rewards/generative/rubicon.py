"""Rubicon (arXiv:2508.12790, unconfirmed): many dimensions, one reward, with vetoes.

The paper gives neither equations nor numbers; form and defaults are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

from whet.protocols import ChatModel, Reward
from whet.rewards.generative.consultations import Consultation, NoChatModel, mean
from whet.rewards.generative.forms import Marks
from whet.rewards.generative.prompts import candidate, question
from whet.types import ChatDecoding, Rollout, UsageError, Verdict

_DUTY = "Mark the reply to the task in each of these dimensions:\n{listed}"
_FULL = 10  # the best mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One quality of a reply.  A mark below `floor` makes the whole reward 0."""

    name: str
    text: str
    weight: float = 1.0
    floor: float = 0.0  # 0: no veto


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """An additional value of two dimensions together: `gain` · min(u_a, u_b)."""

    a: str
    b: str
    gain: float


_DIMENSIONS = (
    Dimension(name="correct", text="what it says is true and follows", floor=0.3),
    Dimension(name="complete", text="it does all that the task asks for"),
    Dimension(name="clear", text="it is well ordered, and no longer than it has to be"),
    Dimension(
        name="honest",
        text="it neither flatters nor praises itself, nor speaks to its judge",
        floor=0.5,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubicon(Reward):
    """Marks s_j of several dimensions in [0, 1], with diminishing returns and vetoes.

        u_j = (1 − e^{−k s_j}) / (1 − e^{−k})
        R_0 = Σ_j w_j u_j / Σ_j w_j + Σ_{(a,b)} κ_ab min(u_a, u_b)
        R   = 1[every s_j ≥ its floor] · clip(R_0, 0, 1)^γ

    γ = 2 stretches the top of the range.
    """

    chat_model: ChatModel = NoChatModel()
    dimensions: tuple[Dimension, ...] = _DIMENSIONS
    interactions: tuple[Interaction, ...] = ()
    saturation: float = 3.0  # k
    stretch: float = 1.0  # γ
    decoding: ChatDecoding = ChatDecoding()
    longest: int = 20_000  # characters of a reply; what is longer earns 0 and is not read

    def __post_init__(self) -> None:
        names = [d.name for d in self.dimensions]
        if not names or len(set(names)) < len(names):
            raise UsageError(f"rubicon.dimensions are called {names}; give each a name of its own")
        if min(d.weight for d in self.dimensions) < 0 or not sum(d.weight for d in self.dimensions):
            raise UsageError("rubicon.dimensions have a weight below 0, or none above; give some")
        for name in ("saturation", "stretch"):
            if getattr(self, name) <= 0:
                raise UsageError(f"rubicon.{name} is {getattr(self, name)}; give more than 0")
        for pair in self.interactions:
            if not {pair.a, pair.b} <= set(names):
                raise UsageError(
                    f"rubicon.interactions has ({pair.a}, {pair.b}); choose from {names}"
                )

    async def score(self, rollout: Rollout) -> Verdict:
        text = candidate(rollout, self.longest)
        if isinstance(text, Verdict):
            return text
        consultation = Consultation(self.chat_model)
        names = tuple(d.name for d in self.dimensions)
        listed = "\n".join(f"- {d.name}: {d.text}" for d in self.dimensions)
        exhibits = {"task": question(rollout.task.prompt), "reply": text}
        form = Marks(names=names, low=0, high=_FULL)
        found = await consultation.ask(_DUTY.format(listed=listed), exhibits, form, self.decoding)
        marks = {n: mean([m[i] / _FULL for m in found]) for i, n in enumerate(names)}
        parts = marks | {"veto": float(bool(self.vetoed(marks)))}
        note = f"veto: {', '.join(self.vetoed(marks))}" if self.vetoed(marks) else ""
        return consultation.verdict(self.reward(marks), parts, note=note)

    def vetoed(self, marks: Mapping[str, float]) -> list[str]:
        """The names of the dimensions below their floor."""
        return [d.name for d in self.dimensions if marks[d.name] < d.floor]

    def reward(self, marks: Mapping[str, float]) -> float:
        """R, from the mark in [0, 1] of each dimension."""
        if self.vetoed(marks):
            return 0.0
        k = self.saturation
        u = {name: (1 - exp(-k * s)) / (1 - exp(-k)) for name, s in marks.items()}
        total = sum(d.weight for d in self.dimensions)
        together = sum(pair.gain * min(u[pair.a], u[pair.b]) for pair in self.interactions)
        base = sum(d.weight * u[d.name] for d in self.dimensions) / total + together
        return min(max(base, 0.0), 1.0) ** self.stretch
