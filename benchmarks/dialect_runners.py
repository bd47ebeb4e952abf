"""Foreign environments played by their packages' own runners, with scripted replies.

Each function plays one environment with the replies of some episodes, and returns their scores.
"""

# pyright: reportMissingImports=false

import asyncio
import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Replies = Sequence[str]


def stepped(
    make: Callable[[], Any], seeds: Sequence[int], scripts: Sequence[Replies]
) -> list[float]:
    """The loop of gymnasium's and of GEM's documentation."""
    scores: list[float] = []
    for seed, replies in zip(seeds, scripts, strict=True):
        env, total = make(), 0.0
        env.reset(seed=seed)
        discrete = getattr(env, "action_space", None) is not None
        for reply in replies:
            _, reward, ended, cut, _ = env.step(int(reply) if discrete else reply)
            total += float(reward)
            if ended or cut:
                break
        scores.append(total)
    return scores


@contextmanager
def scripted_server(answer: Callable[[list[dict[str, Any]]], str]) -> Iterator[str]:
    """The URL of a server of OpenAI's chat protocol, streamed or not, that says what it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            message = _message(answer(body["messages"]))
            finish = "tool_calls" if "tool_calls" in message else "stop"
            said = {"id": "x", "created": 0, "model": "m", "object": "chat.completion"}
            choice = {"index": 0, "finish_reason": finish}
            kind, text = (
                "application/json",
                json.dumps(said | {"choices": [{**choice, "message": message}]}),
            )
            if body.get("stream"):
                said["object"] = "chat.completion.chunk"
                chunk = said | {"choices": [{**choice, "delta": message}]}
                kind, text = "text/event-stream", f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: Any) -> None:
            del format, arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _message(text: str) -> dict[str, Any]:
    """A reply as a message; `<tool_call>` holds a call."""
    found = re.fullmatch(r"<tool_call>\s*(.*?)\s*</tool_call>", text, re.DOTALL)
    if found is None:
        return {"role": "assistant", "content": text}
    call = json.loads(found[1])
    function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
    called = {"index": 0, "id": "call00000", "type": "function", "function": function}
    return {"role": "assistant", "content": "", "tool_calls": [called]}


def by_question(scripts: Mapping[str, Replies]) -> Callable[[list[dict[str, Any]]], str]:
    """The next reply of the script for the first question of a chat."""

    def answer(messages: list[dict[str, Any]]) -> str:
        said = sum(message["role"] == "assistant" for message in messages)
        first = next(message["content"] for message in messages if message["role"] == "user")
        text = first if isinstance(first, str) else first[0]["text"]
        return scripts[text][said]

    return answer


def verifiers_one(taskset: str, scripts: Mapping[str, Replies]) -> list[float]:
    """`run_eval` of verifiers 1 with the harness `null` in a subprocess; needs `uv` on the path."""
    from verifiers.v1.cli.eval.runner import run_eval
    from verifiers.v1.configs.cli.eval import EvalConfig

    agent = {"harness": {"id": "null"}, "runtime": {"type": "subprocess"}}
    with scripted_server(by_question(scripts)) as url, tempfile.TemporaryDirectory() as folder:
        config = EvalConfig(
            env={"taskset": {"id": taskset}, "agent": agent},
            model="m",
            client={"base_url": url, "api_key_var": "NO_KEY"},
            select={"limit": len(scripts)},
            push=False,
            rich=None,
            output_dir=folder,
            num_rollouts=1,
        )
        episodes = asyncio.run(run_eval(config))
    traces = [trace for episode in episodes for trace in episode.traces]
    failed = [trace.errors for trace in traces if trace.errors]
    if failed:
        raise RuntimeError(f"verifiers' own run failed: {failed[0]}")
    found = {trace.task.data.prompt: float(trace.reward) for trace in traces}
    return [found[question] for question in scripts]


def verifiers_zero(make: Callable[[], Any], scripts: Mapping[str, Replies]) -> list[float]:
    """`evaluate` of verifiers 0 with its client of OpenAI's chat protocol."""
    from verifiers.types import ClientConfig

    with scripted_server(by_question(scripts)) as url:
        config = ClientConfig(
            client_type="openai_chat_completions", api_base_url=url, api_key_var="NO_KEY"
        )
        results = make().evaluate_sync(
            client=config, model="m", num_examples=len(scripts), rollouts_per_example=1
        )
    found = {one["prompt"][-1]["content"]: one["reward"] for one in results["outputs"]}
    return [float(found[question]) for question in scripts]


async def openenv(url: str, seeds: Sequence[int], scripts: Sequence[Replies]) -> list[float]:
    """The client of openenv-core."""
    from openenv.core.generic_client import GenericEnvClient

    scores: list[float] = []
    for seed, replies in zip(seeds, scripts, strict=True):
        total = 0.0
        async with GenericEnvClient(base_url=url) as client:
            await client.reset(seed=seed)
            for reply in replies:
                result = await client.step({"guess": int(reply)})
                total += float(result.reward or 0.0)
                if result.done:
                    break
        scores.append(total)
    return scores


async def tinker(
    make: Callable[[int], Any], seeds: Sequence[int], scripts: Sequence[Replies]
) -> list[float]:
    """`do_single_rollout` of tinker-cookbook with a completer that says the replies."""
    from tinker_cookbook.completers import TokenCompleter, TokensWithLogprobs
    from tinker_cookbook.rl.rollouts import do_single_rollout

    class Completer(TokenCompleter):
        def __init__(self, tokenizer: Any, replies: Replies) -> None:
            self.tokenizer, self.replies = tokenizer, iter(replies)

        async def __call__(self, model_input: Any, stop: Any, **how: Any) -> Any:
            del model_input, how
            said = f"{next(self.replies)}{stop[0]}"
            return TokensWithLogprobs(self.tokenizer.encode(said, add_special_tokens=False), None)

    scores: list[float] = []
    for seed, replies in zip(seeds, scripts, strict=True):
        env = make(seed)
        completer = Completer(env.renderer.tokenizer, replies)
        trajectory = await do_single_rollout(completer, env)
        scores.append(sum(step.reward for step in trajectory.transitions))
    return scores


def trl(
    make: Callable[[], Any],
    rows: Sequence[dict[str, Any]],
    scripts: Sequence[Replies],
    tokenizer: Any,
) -> list[float]:
    """`GRPOTrainer._generate_and_score_completions` of TRL; only the sampling is scripted.

    The trainer renders, parses calls, runs the tools and asks for the reward.
    """
    from datasets import Dataset
    from transformers import Qwen3Config, Qwen3ForCausalLM
    from trl import GRPOConfig, GRPOTrainer

    config = Qwen3Config(
        vocab_size=len(tokenizer),
        max_position_embeddings=1 << 15,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        head_dim=8,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=Qwen3ForCausalLM(config),
            processing_class=tokenizer,
            environment_factory=make,
            train_dataset=Dataset.from_list(list(rows)),
            args=GRPOConfig(
                output_dir=folder,
                use_cpu=True,
                report_to=[],
                num_generations=2,
                per_device_train_batch_size=2,
                max_completion_length=1 << 14,
            ),
        )
        by_target = {f"Reach {row['target']}.": s for row, s in zip(rows, scripts, strict=True)}

        def say(prompt_ids: Any, *_: Any, **how: Any) -> Any:
            del how
            said = []
            for ids in prompt_ids:
                text = tokenizer.decode(ids)
                [mark] = [mark for mark in by_target if mark in text]
                turn = text.count("<|im_start|>assistant") - 1
                said.append(tokenizer.encode(f"{by_target[mark][turn]}<|im_end|>"))
            return said, None

        judged: list[list[float]] = []
        calculate = trainer._calculate_rewards

        def calculated(*given: Any) -> Any:
            found = calculate(*given)
            judged.append(found.nansum(dim=1).tolist())
            return found

        trainer._generate_single_turn = say
        trainer._calculate_rewards = calculated
        for row in rows:
            trainer._generate_and_score_completions([row, row])
    return [scores[0] for scores in judged]
