"""The scores of foreign environments: by their packages' own runners, and by whet's adapters.

    python benchmarks/dialects.py NAME --python VENV/bin/python

runs under the interpreter of an environment that has the package, with whet and its dependencies
behind it.  Twenty episodes have the same scripted replies on both sides.  The rows are put into
`dialects.json` beside this file.
"""

# pyright: reportMissingImports=false

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from random import Random
from threading import Thread
from time import sleep
from typing import Any

HERE = Path(__file__).parent
MADE = HERE / "dialect_environments"
RESULTS = HERE / "dialects.json"
EPISODES = 20
Rows = list[tuple[str, list[float], list[float]]]  # environment, own scores, ours


class Script:
    """A policy that says replies in turn."""

    seed = 0

    def __init__(self, replies: Sequence[Any]) -> None:
        self.replies = iter(replies)

    async def __call__(self, observation: Any, **how: Any) -> Any:
        """The next reply."""
        from whet.types import Reply

        del observation, how
        said = next(self.replies)
        return said if isinstance(said, Reply) else Reply(said)


def ours(env: Any, tasks: Sequence[Any], scripts: Sequence[Sequence[Any]]) -> list[float]:
    """The scores by whet's adapter, all episodes at once."""

    async def play() -> list[Any]:
        pairs = zip(tasks, scripts, strict=True)
        return await asyncio.gather(*(env.play(task, Script(replies)) for task, replies in pairs))

    verdicts = asyncio.run(play())
    return [verdict.score for verdict in verdicts]


def drawn(env: Any) -> tuple[list[Any], list[int]]:
    """Twenty tasks and their seeds."""
    tasks = [env.draw(Random(n), 1) for n in range(EPISODES)]
    return tasks, [task.info["luck"] for task in tasks]


def random_replies(choices: Sequence[str], length: int) -> list[list[str]]:
    """A script for each episode."""
    return [[Random(f"{n}/{k}").choice(choices) for k in range(length)] for n in range(EPISODES)]


def _stepped(make: str, arguments: dict[str, Any], choices: Sequence[str], turns: int) -> Any:
    from importlib import import_module

    from dialect_runners import stepped

    from whet.environments.adapters.reset_and_step import ResetStep

    env = ResetStep(make=make, arguments=arguments, turns=turns)
    tasks, seeds = drawn(env)
    scripts = random_replies(choices, turns)
    module, _, name = make.partition(":")
    function = getattr(import_module(module), name)
    own = stepped(lambda: function(**arguments), seeds, scripts)
    return str(next(iter(arguments.values()))), own, ours(env, tasks, scripts)


def gymnasium() -> Rows:
    """Boards and cards of gymnasium, by its loop."""
    four, two = [str(n) for n in range(4)], ["0", "1"]
    lake = {"id": "FrozenLake-v1", "render_mode": "ansi"}
    return [
        _stepped("gymnasium:make", lake, four, 60),
        _stepped("gymnasium:make", {"id": "Blackjack-v1"}, two, 12),
        _stepped("gymnasium:make", {"id": "CliffWalking-v1", "render_mode": "ansi"}, four, 20),
    ]


def gem() -> Rows:
    """Games of GEM, which draw from the global dice, by its loop."""
    numbers = [rf"\boxed{{{n}}}" for n in range(1, 11)]
    codes = [rf"\boxed{{{a} {b}}}" for a in range(1, 7) for b in range(1, 7) if a != b]
    return [
        _stepped("gem:make", {"env_id": "game:GuessTheNumber-v0-easy"}, numbers, 6),
        _stepped("gem:make", {"env_id": "game:GuessTheNumber-v0-random"}, numbers, 12),
        _stepped("gem:make", {"env_id": "game:Mastermind-v0-easy"}, codes, 12),
    ]


def trl() -> Rows:
    """A counter with tools: TRL's trainer, and whet's renderer, recorder and adapter.

    The trainer holds rewards in float32, so ours are rounded to it.
    """
    import numpy as np
    from dialect_runners import trl as own
    from saying import conversation
    from template_forms import DATE, tokenizer
    from transformers import GenerationConfig
    from trl.chat_template_utils import qwen3_chat_template

    from whet.engines.ends import end_tokens
    from whet.environments.adapters.trl_environments import TrlEnvironment
    from whet.rollouts.renderer import TextRenderer
    from whet.types import Task

    sys.path.insert(0, str(MADE))
    from counter import Counter

    def call(n: int, k: int) -> str:
        amount = Random(f"{n}/{k}").choice([1, 2, 3, 4, 5, 9, "x"])
        arguments = {"name": "add", "arguments": {"amount": amount}}
        return f"<tool_call>\n{json.dumps(arguments)}\n</tool_call>"

    scripts = [[*(call(n, k) for k in range(Random(n).randrange(5))), "done"] for n in range(20)]
    chat = [{"role": "user", "content": "Count."}]
    rows = [{"prompt": chat, "target": n + 1} for n in range(EPISODES)]
    held = tokenizer("bytes", "qwen3")
    held.chat_template = qwen3_chat_template
    renderer = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    closing = held.convert_tokens_to_ids("<|im_end|>")
    env = TrlEnvironment(make=f"{MADE / 'counter.py'}:Counter")
    scores: list[float] = []
    for n, replies in enumerate(scripts):
        task = Task(id=str(n), prompt=tuple(chat), info={"target": n + 1})
        [rollout], _ = conversation(renderer, closing, replies, env, task)
        scores.append(float(np.float32(rollout.verdict.score)))
    return [("counter", own(Counter, rows, scripts, held), scores)]


def verifiers() -> Rows:
    """A taskset of verifiers 1: `run_eval` with the harness `null`."""
    from dialect_runners import verifiers_one

    from whet.environments.adapters.verifiers_tasksets import VerifiersTaskset

    sys.path.insert(0, str(MADE))
    scripts = {f"{n}+{n}?": [str(Random(n).choice((2 * n, n, 100)))] for n in range(EPISODES)}
    env = VerifiersTaskset(make=f"{MADE / 'whet_sums.py'}:Sums")
    tasks = [env.task(n) for n in range(EPISODES)]
    return [("sums", verifiers_one("whet_sums", scripts), ours(env, tasks, [*scripts.values()]))]


def verifiers_zero() -> Rows:
    """Environments of verifiers 0: `evaluate` with its client of OpenAI's protocol."""
    from dialect_runners import verifiers_zero as own

    from whet.calls.formats.hermes import Hermes
    from whet.environments.adapters.verifiers_zero import VerifiersEnvironment
    from whet.types import Reply

    sys.path.insert(0, str(MADE))
    import old_sums

    def call(n: int) -> str:
        arguments = json.dumps({"name": "double", "arguments": {"x": n}})
        return f"<tool_call>\n{arguments}\n</tool_call>"

    def read(text: str) -> Reply:
        words, calls = Hermes().read(text)
        return Reply(text, calls=calls, words=words)

    rows: Rows = []
    for name, calls in (("single", 0), ("tools", 5), ("hinted", 0)):
        scripts: dict[str, list[str]] = {}
        for n in range(EPISODES):
            rng = Random(f"{name}/{n}")
            said = [str(rng.choice((2 * n, n, 100))) for _ in range(4)]
            scripts[f"{n}+{n}?"] = [*(call(n) for _ in range(rng.randrange(calls + 1))), *said]
        env = VerifiersEnvironment(make=f"{MADE / 'old_sums.py'}:{name}")
        tasks = [env.task(n) for n in range(EPISODES)]
        read_scripts = [[read(text) for text in script] for script in scripts.values()]
        rows.append((name, own(getattr(old_sums, name), scripts), ours(env, tasks, read_scripts)))
    return rows


@contextmanager
def openenv_server() -> Iterator[str]:
    """A server of openenv-core on this machine."""
    import uvicorn
    from openenv.core.env_server.http_server import create_app

    sys.path.insert(0, str(MADE))
    from guessing import Answer, Guess, Guessing

    app = create_app(Guessing, Guess, Answer, env_name="guessing", max_concurrent_envs=64)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def openenv() -> Rows:
    """A game of OpenEnv: its client, our client, and the object without a server."""
    from dialect_runners import openenv as own

    from whet.environments.adapters.openenv_objects import OpenEnvObject
    from whet.environments.adapters.openenv_servers import OpenEnvServer

    scripts = random_replies([str(n) for n in range(10)], 3)
    with openenv_server() as url:
        server = OpenEnvServer(url=url)
        tasks, seeds = drawn(server)
        expected = asyncio.run(own(url, seeds, scripts))
        found = ours(server, tasks, scripts)
    alone = ours(OpenEnvObject(make=f"{MADE / 'guessing.py'}:Guessing"), tasks, scripts)
    return [("guessing, server", expected, found), ("guessing, object", expected, alone)]


def tinker() -> Rows:
    """Environments of tinker-cookbook, by `do_single_rollout`."""
    from dialect_runners import tinker as own

    from whet.environments.adapters.tinker_envs import TinkerEnv

    sys.path.insert(0, str(MADE))
    import rising

    rows: Rows = []
    runners = {"rising": "rising_tokens", "rising_tokens": "rising_tokens", "problem": "problem"}
    for name, runner in runners.items():
        length = 1 if name == "problem" else 3
        env = TinkerEnv(make=f"{MADE / 'rising.py'}:{name}")
        tasks, seeds = drawn(env)
        scripts = random_replies([str(n) for n in range(-2, 19)], length)
        expected = asyncio.run(own(getattr(rising, runner), seeds, scripts))
        rows.append((name, expected, ours(env, tasks, scripts)))
    return rows


DIALECTS: dict[str, tuple[str, Callable[[], Rows]]] = {
    "gymnasium": ("gymnasium", gymnasium),
    "gem": ("gem-llm", gem),
    "trl": ("trl", trl),
    "verifiers": ("verifiers", verifiers),
    "verifiers_zero": ("verifiers", verifiers_zero),
    "openenv": ("openenv-core", openenv),
    "tinker": ("tinker-cookbook", tinker),
}


def main() -> int:
    """Play, print both sides, and keep the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=DIALECTS)
    parser.add_argument(
        "--python", default=sys.executable, help="of an environment with the package"
    )
    asked = parser.parse_args()
    if Path(asked.python) != Path(sys.executable):
        paths = [str(HERE.parent / "src"), str(HERE.parent / "tests")]
        known = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "NO_KEY": "none"}
        return subprocess.run([asked.python, __file__, asked.name], env=known).returncode
    (package, play), equal = DIALECTS[asked.name], True
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, expected, found in play():
        same = expected == found
        equal &= same
        print(f"{package} {version(package)}, {name}: {'equal' if same else 'DIFFERENT'}")
        for n, (one, other) in enumerate(zip(expected, found, strict=True)):
            print(f"  {n:2}  own {one:8.4f}   whet {other:8.4f}{'' if one == other else '   <-'}")
        kept[f"{asked.name}/{name}"] = {
            "package": f"{package} {version(package)}",
            "runner": "executed",
            "equal": same,
            "own": expected,
            "whet": found,
        }
    lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(kept.items())]
    RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
