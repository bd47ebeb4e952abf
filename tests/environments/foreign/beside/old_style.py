"""Environments in the form of verifiers 0.1: a loop of their own that asks a client."""

import json

from verifiers.errors import OverlongPromptError


class Asking:
    """Tools double a number; the last reply is the answer."""

    tool_defs = [
        {"name": "double", "description": "Double.", "parameters": {"type": "object"}},
    ]
    rubric = None

    def __init__(self, most=4, rewrites=0, fails=0):
        self.most, self.rewrites, self.fails = most, rewrites, fails

    def get_dataset(self):
        return [
            {"prompt": [{"role": "user", "content": f"{n}+{n}?"}], "answer": str(2 * n)}
            for n in range(20)
        ]

    async def run_rollout(self, row, client, model, sampling_args):
        messages = [*row["prompt"]]
        said, cut = "", False
        for _ in range(self.most):
            try:
                response = await client.get_response(
                    prompt=messages, model=model, sampling_args=sampling_args, tools=self.tool_defs
                )
            except OverlongPromptError:
                cut = True
                break
            reply = response.message
            said = reply.content
            calls = reply.tool_calls or []
            written = {"role": "assistant", "content": said, "calls": [c.name for c in calls]}
            if not calls:
                break
            told = [self.answer(call) for call in calls]
            first = [{"role": "user", "content": "another"}] if self.rewrites else messages[:1]
            messages = [*first, *messages[1:], written, *told]
        error = "the sandbox is gone" if self.fails else None
        metrics = {"turns": float(len(messages)), "cut": float(cut)}
        return {"reward": float(said == row["answer"]), "metrics": metrics, "error": error}

    def answer(self, call):
        text = str(2 * json.loads(call.arguments)["x"])
        return {"role": "tool", "tool_call_id": call.id, "content": text}


def load_environment(**settings):
    return Asking(**settings)
