"""A search agent: the policy searches passages until it answers, and the answer is rewarded."""

from dataclasses import replace

from whet.calls.shipped.search_file import SearchFile
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.code.library import Library
from whet.protocols import Algorithm
from whet.recipes.rlvr import rlvr
from whet.recipes.tool_agent import check_calls, without_model
from whet.recipes.world import tiny
from whet.training.run import Run
from whet.types import UsageError


def search_agent(
    *,
    model: str = "",
    data: str = "",
    passages: str = "",
    calls: int = 4,
    reward: str = "declared",
    algorithm: str | Algorithm = "dapo",
) -> Run:
    """Train a policy that searches (needs whet[search]).

    `model`, `data` and `reward` are as in the recipe rlvr.  `passages` is a .jsonl file whose rows
    have a `title` and a `text`; `calls` limits the searches of an episode.  Without them, a tiny
    model from random weights learns the world library: to search for a name, and to read the
    answer.
    """
    given = (model, data, passages)
    if any(given) and not all(given):
        raise UsageError(
            "model, data and passages belong together; give all three, or none for a tiny model"
        )
    if not model:
        without_model({"reward": (reward, "declared")})
        check_calls(calls, 1)
        return tiny(Library(rules="", calls=calls), 1, 0.85, algorithm)
    run = rlvr(model=model, data=data, reward=reward, algorithm=algorithm)
    return replace(run, environment=ToolAgent(tools=(SearchFile(path=passages),), calls=calls))
