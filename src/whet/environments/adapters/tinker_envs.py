"""Environments of Tinker's cookbook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from whet.environments.adapters.foreign_worlds import ForeignWorld
from whet.environments.adapters.turns import LUCK, check_turns, drawn, graded, luck_of
from whet.environments.levels import check_level
from whet.protocols import Policy
from whet.types import Finish, Prompt, Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TinkerEnv(ForeignWorld):
    """An `Env` or a `MessageEnv` of `make` for each episode.

    `make` is the import path of a function.  It gets those of `seed`, `arguments` and the columns
    of `info` that it takes by name.

    A `MessageEnv` is played as a chat.  Give it rather than the `EnvFromMessageEnv` around it: its
    messages then pass through the chat template of the model.  An `Env` of tokens is played as
    text.  **Its tokens are not those of the policy**: observations are decoded, and replies
    encoded, by the tokenizer of the environment's renderer; the policy reads and samples tokens of
    its own.  A reply that ended by itself gets the first stop token of the environment.  Special
    tokens of a decoded observation are text to the policy, so renderers with plain words fit, as
    `role_colon`.  Both kinds have to continue their conversation and never rewrite it.

    Stop strings of the environment end replies.  The score is the sum of the rewards.  Rewards of
    groups, `compute_group_rewards`, are not asked.

    Source: tinker-cookbook 0.6.1, `rl/types.py`, `rl/message_env.py` and `rl/rollout_runner.py`.
    """

    driver: ClassVar[str] = "tinker"

    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `make`
    turns: int = 50

    def __post_init__(self) -> None:
        check_turns(self.turns)
        ForeignWorld.__post_init__(self)

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn(self.make, rng.randrange(LUCK), self.turns, "")

    def canonical(self, task: Task) -> str:
        return f"{self.make}/{task.info['luck']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        luck = luck_of(task)
        given = {**task.info, **self.arguments, "seed": luck}
        async with self.foreign.open(luck, given) as env:
            shown, rewards = await env.call("first"), list[float]()
            while not shown.get("ended") and len(rewards) < self.turns:
                reply = await policy(_prompt(shown), stop=tuple(shown["stop"]))
                why = "length" if reply.finish is Finish.LENGTH else "stop"
                shown = await env.call("step", str(reply), why)
                rewards.append(shown["reward"])
            if not rewards:  # the opening was too long for the environment
                return graded(shown["reward"], self.solved, note="initial observation overflow")
            finish = Finish.STOP if shown["ended"] else Finish.TURNS
            return graded(sum(rewards), self.solved, rewards, finish, shown["note"])


def _prompt(shown: Mapping[str, Any]) -> Prompt:
    return tuple(shown["messages"]) if "messages" in shown else shown["text"]
