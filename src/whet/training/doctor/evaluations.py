"""The evaluations of a ledger, as the doctor compares them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from whet.training.doctor.findings import Finding, Row, note

_LACKING = {
    "verifier_error": "the reward failed on",
    "not_applicable": "the reward does not apply to",
    "score_only": "the reward gives a score without `correct` to",
}
_KINDS = ("base", "periodic", "final")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """An evaluation: the reward, and what is known besides, each on its own.

    `right` and `wrong` are mean rewards of correct and of incorrect samples; None: there are none,
    or correctness is not known.
    """

    kind: str
    step: int
    digest: str  # of the evaluated weights
    problems: int
    reward: float
    std: float  # of the rewards of all samples
    correct: float | None  # share of the samples
    right: float | None
    wrong: float | None
    length: float | None
    truncated: float
    commonest: float  # share of the samples with one and the same text

    @property
    def reward_error(self) -> float:
        """The s / √n of n problems: no less than the standard error over all their samples."""
        return self.std / sqrt(self.problems)

    @property
    def correct_error(self) -> float:
        """√(p (1 − p) / (n + 4)),  p = (c n + 2) / (n + 4): that of Agresti and Coull (1998)."""
        count = self.problems + 4
        share = ((self.correct or 0.0) * self.problems + 2) / count
        return sqrt(share * (1 - share) / count)

    @property
    def said(self) -> str:
        """Which evaluation it is."""
        return f"the {self.kind} evaluation" + (f" of step {self.step}" if self.step else "")


def evaluated(rows: Sequence[Row]) -> list[EvaluationRow]:
    """The evaluations with a known reward, in the order of the ledger, the base first."""
    found = [one for row in rows if row["kind"] in _KINDS and (one := _of(row)) is not None]
    starts = [place for place, one in enumerate(found) if one.kind == "base"]
    return found[starts[-1] :] if starts else []


def _of(row: Row) -> EvaluationRow | None:
    reward, problems = _value(row, "reward"), _count(row, "reward")
    if reward is None or not problems:
        return None
    right, wrong = _count(row, "reward_right"), _count(row, "reward_wrong")
    correct = right / (right + wrong) if right + wrong else _value(row, "pass@1")
    return EvaluationRow(
        kind=row["kind"],
        step=row["step"],
        digest=row.get("digest", ""),
        problems=round(problems),
        reward=reward,
        std=_value(row, "reward_std") or 0.0,
        correct=correct,
        right=_value(row, "reward_right"),
        wrong=_value(row, "reward_wrong"),
        length=_value(row, "length"),
        truncated=_value(row, "truncated") or 0.0,
        commonest=_value(row, "commonest") or 0.0,
    )


def _value(row: Row, name: str) -> float | None:
    held = row["metrics"].get(name)
    return held["value"] if held and held["of"] else None


def _count(row: Row, name: str) -> float:
    held = row["metrics"].get(name)
    return held["of"] if held else 0.0


def unknown_problems(rows: Sequence[Row]) -> Iterator[Finding]:
    """The estimates of the evaluations on the test split that are not known for all problems."""
    for row in rows:
        if row["kind"] not in ("base", "final"):
            continue
        known = {n: m for n, m in row["metrics"].items() if n.startswith("known_") and m["of"]}
        short = [
            f"{name.removeprefix('known_')} for {round(m['value'] * m['of'])} of {m['of']:.0f}"
            for name, m in known.items()
            if m["value"] < 1
        ]
        if short:
            yield note(
                f"the {row['kind']} evaluation knows {', '.join(short)} problems{_lacking(row)}"
            )


def _lacking(row: Row) -> str:
    """Why verdicts are missing in an evaluation, each reason with its number of replies."""
    told = []
    for reason, words in _LACKING.items():
        share = row["metrics"].get(f"missing_{reason}")
        if share and share["value"]:
            told.append(f"{words} {round(share['value'] * share['of'])} of {share['of']:.0f}")
    return f"; of the replies, {', '.join(told)}" if told else ""
