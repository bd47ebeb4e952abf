"""A code agent: the policy runs code until it answers, and the answer is rewarded."""

from dataclasses import replace

from whet.calls.shipped.python_cells import Python
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.code.repair_function import RepairFunction
from whet.protocols import Algorithm
from whet.recipes.rlvr import rlvr
from whet.recipes.tool_agent import without_model
from whet.recipes.world import tiny
from whet.training.run import Run
from whet.types import UsageError


def code_agent(
    *,
    model: str = "",
    data: str = "",
    calls: int = 8,
    reward: str = "declared",
    algorithm: str | Algorithm = "dapo",
) -> Run:
    """Train a policy that runs code and reads what it prints.

    `model`, `data` and `reward` are as in the recipe rlvr.  The tool is a Python interpreter in the
    sandbox, which keeps its state for an episode; `calls` limits its calls.  Without `model` and
    `data`, a tiny model from random weights learns the world repair_function: it repairs an
    expression, reads a test that the repair fails, and tries again.
    """
    if bool(model) != bool(data):
        raise UsageError("model and data belong together; give both, or neither for a tiny model")
    if not model:
        without_model({"reward": (reward, "declared"), "calls": (calls, 8)})
        return tiny(RepairFunction(rules=""), 1, 0.6, algorithm)
    run = rlvr(model=model, data=data, reward=reward, algorithm=algorithm)
    return replace(run, environment=ToolAgent(tools=(Python(),), calls=calls))
