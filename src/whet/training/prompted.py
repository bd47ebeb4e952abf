"""What a run asks of replies that its prompts and its tokenizer do not provide."""

from collections.abc import Iterator, Sequence

from whet.data.prompts import prompt_text
from whet.policy.inspection import walk
from whet.protocols import Renderer
from whet.rewards.verifiable.format import Format
from whet.rewards.verifiable.tag_count import TagCount
from whet.training.run import Run
from whet.types import Decoding, Task, UsageError

_TAGS = ("<think>", "<answer>")


def stop_strings(decoding: Decoding, renderer: Renderer) -> Iterator[str]:
    """A note on each stop string that the tokenizer can't write."""
    for stop in decoding.stop:
        try:
            written = renderer.text(renderer.following(stop))
        except UsageError:
            written = ""
        if stop not in written:
            yield (
                f"sampling.decoding.stop has {stop!r}, which the tokenizer can't write, so it ends "
                "no reply; leave it out"
            )


def format_tags(run: Run, tasks: Sequence[Task]) -> Iterator[str]:
    """A note on a reward for tags that no training prompt mentions."""
    asking = [part for part in walk(run.reward) if isinstance(part, Format | TagCount)]
    if not asking or not tasks:
        return
    prompts = [prompt_text(task.prompt) for task in tasks]
    unnamed = [tag for tag in _TAGS if not any(tag in prompt for prompt in prompts)]
    if unnamed:
        name = type(asking[0]).__name__
        yield (
            f"reward {name} pays for {' and '.join(unnamed)}, and no training prompt mentions "
            "them: the policy has to know them already, or finds them by chance"
        )
