"""Environments of verifiers 0: one reply, tools, and answers of the environment."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204
# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false

import verifiers as vf
from datasets import Dataset


def _rows():
    rows = [{"question": f"{n}+{n}?", "answer": str(2 * n)} for n in range(20)]
    return Dataset.from_list(rows)


def _right(completion, answer):
    return float((completion[-1].content or "").strip() == answer)


def _turns(state):
    return 0.1 * len(state["trajectory"])


def double(x: int) -> int:
    """Double a number.

    Args:
        x: the number
    """
    return 2 * x


class Hinted(vf.MultiTurnEnv):
    """A wrong reply is answered with a hint, twice."""

    @vf.stop
    async def is_right(self, state):
        """Whether the last reply is the answer."""
        said = state["trajectory"][-1]["completion"] if state["trajectory"] else []
        return bool(said) and (said[-1].content or "").strip() == state["answer"]

    async def env_response(self, messages, state, **how):
        """The hint."""
        return [{"role": "user", "content": f"no, it has {len(state['answer'])} digits"}]


def single():
    """One reply."""
    return vf.SingleTurnEnv(dataset=_rows(), rubric=vf.Rubric(funcs=[_right]))


def tools():
    """A tool doubles a number."""
    rubric = vf.Rubric(funcs=[_right, _turns])
    return vf.ToolEnv(tools=[double], dataset=_rows(), rubric=rubric, max_turns=4)


def hinted():
    """Three replies."""
    rubric = vf.Rubric(funcs=[_right, _turns])
    return Hinted(dataset=_rows(), rubric=rubric, max_turns=3)
