"""Forms in which a reply announces its answer; its reasoning can contain a decoy."""

from random import Random

_PHRASES = {
    "box": r"So the answer is \boxed{{{answer}}}.",
    "box in dollars": r"Hence $\boxed{{{answer}}}$",
    "fbox": r"We get \fbox{{{answer}}}",
    "answer tag": "<answer>{answer}</answer>",
    "box in answer tag": r"<answer>It is \boxed{{{answer}}}.</answer>",
    "hashes": "Adding up.\n#### {answer}",
    "final answer": "The final answer is ${answer}$.",
    "announcement": "Answer: ${answer}$",
    "thoughts, then box": "<think>Perhaps {decoy}? No.</think>\n\\boxed{{{answer}}}",
    "boxed thoughts, then box": "<think>\\boxed{{{decoy}}} it was?</think>\n\\boxed{{{answer}}}",
    "thoughts, then answer tag": "<think>{decoy}, no</think><answer>{answer}</answer>",
    "said twice": r"First \boxed{{{answer}}}, and so \boxed{{{answer}}}",
    "after other lines": "Step 1: I tried {decoy}.\nStep 2: it fails.\n\\boxed{{{answer}}}",
}


def phrase(rng: Random, answer: str, decoy: str) -> tuple[str, str]:
    """The name of a form, and a reply in it."""
    form = rng.choice(list(_PHRASES))
    return form, _PHRASES[form].format(answer=answer, decoy=decoy)
