"""What a teacher reads: another opening, the same tokens, and never a rollout's own answer."""

from dataclasses import replace

import pytest
import torch
from policy.extensions.tiny_run import TASKS, TinyRun, own

from whet.policy.extensions.teacher_contexts import (
    Corrected,
    Demonstrated,
    SamePrompt,
    asked,
    filled,
)
from whet.types import Decoding, Reason, Rollout, Task, UsageError, Verdict

TASK = TASKS[0]
RIGHT = Verdict.binary(correct=True)
WRONG = Verdict(reason=Reason.WRONG, score=0.0, correct=False, note="line 3: 0/0")
PLAIN = Corrected(
    template="{prompt}{solution}{feedback}", solution="[{reply}]", feedback="<{note}>"
)


def said(reply, verdict, seed):
    found = replace(own(reply, TASK, seed=seed), verdict=verdict)
    return replace(found, decoding=Decoding(temperature=0.6))


def views(context, tmp_path, *rollouts, group=None):
    """The prompts that the renderer was given, and the views of the rollouts."""
    shown = []

    def render(task: Task, reply: str) -> Rollout:
        shown.append(task.prompt)
        return run.render(task, reply)

    run = TinyRun(folder=tmp_path).context(0)
    number = torch.tensor(group or [0] * len(rollouts))
    return shown, context.views(replace(run, render=render), rollouts, number)


def test_a_rollout_sees_the_right_reply_of_a_sibling_and_never_its_own(tmp_path):
    rollouts = [said("a;1", WRONG, 0), said("b;2", RIGHT, 1), said("c;3", RIGHT, 2)]
    shown, found = views(PLAIN, tmp_path, *rollouts)
    texts = [f"[{r.reply}]" for r in rollouts]
    assert shown == [
        f"{TASK.prompt}{texts[1]}<line 3: 0/0>",
        f"{TASK.prompt}{texts[2]}",
        f"{TASK.prompt}{texts[1]}",
    ]
    assert all(view is not None for view in found)


def test_a_sibling_of_another_group_does_not_help(tmp_path):
    rollouts = [said("a;1", replace(WRONG, note=""), 0), said("b;2", RIGHT, 1)]
    shown, found = views(PLAIN, tmp_path, *rollouts, group=[0, 1])
    assert (shown, list(found)) == ([], [None, None])


def test_feedback_is_shown_only_where_it_is_asked_for(tmp_path):
    wrong = said("a;1", WRONG, 0)
    assert views(replace(PLAIN, feedback=""), tmp_path, wrong)[1] == [None]
    alone = replace(PLAIN, solution="")
    assert views(alone, tmp_path, wrong, said("b;2", RIGHT, 1))[0] == [
        f"{TASK.prompt}<line 3: 0/0>"
    ]


def test_the_teacher_reads_the_same_tokens_at_the_same_temperature(tmp_path):
    rollouts = [said("a;1", WRONG, 0), said("b;2", RIGHT, 1)]
    _, found = views(PLAIN, tmp_path, *rollouts)
    for rollout, view in zip(rollouts, found, strict=True):
        if view is None:
            continue
        assert view.chosen_ids.tolist() == rollout.chosen_ids.tolist()
        assert view.decoding.logp_temperature == 0.6
        assert len(view.acts) == len(rollout.acts)
        after = int(view.action_mask.argmax())
        assert view.token_ids[after:].tolist() == rollout.chosen_ids.tolist()
    assert SamePrompt().views(TinyRun(folder=tmp_path).context(0), rollouts, torch.zeros(2)) == (
        rollouts
    )


def test_a_demonstration_stands_in_the_prompt_and_a_task_without_one_is_not_taught(tmp_path):
    context = Demonstrated(template="{demonstration}|{prompt}")
    run = TinyRun(folder=tmp_path).context(0)
    rollout = said("a;1", WRONG, 0)
    shown = []

    def render(task: Task, reply: str) -> Rollout:
        shown.append(task.prompt)
        return run.render(task, reply)

    told = replace(run, render=render, demonstrate=lambda task: "so {prompt}")
    [view] = context.views(told, [rollout], torch.zeros(1))
    assert view is not None
    assert shown == [f"so {{prompt}}|{TASK.prompt}"]
    silent = replace(run, demonstrate=lambda task: None)
    assert context.views(silent, [rollout], torch.zeros(1)) == [None]


def test_braces_in_what_is_filled_in_stay():
    held = {"prompt": "{reply} {x}", "reply": "{prompt}"}
    assert filled("{prompt}/{reply}/{other}", held) == "{reply} {x}/{prompt}/{other}"


def test_of_a_chat_the_last_words_of_the_user_are_framed():
    chat = (
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    )
    framed = asked(chat, "<{prompt}>", {})
    assert [m["content"] for m in framed] == ["s", "one", "two", "<three>"]
    with pytest.raises(UsageError, match="a text of the user"):
        asked(chat[:1], "<{prompt}>", {})
