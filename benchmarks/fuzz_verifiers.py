"""Random and adversarial replies for every verifiable judge: does any hang it, crash it, kill it?

    PYTHONPATH=src python benchmarks/fuzz_verifiers.py [replies per judge, 10000] [judge …]

Prints, per judge, how many replies took longer than the limit, raised, or were faults of the judge;
what the slowest took; whether any earned more than the reply that is right; and whether that one
still earns what it did before.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from time import perf_counter

from whet import registry, rewards
from whet.protocols import Reward
from whet.types import Rollout, Verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
tasks = import_module("verifiable_tasks")

AS = {"algebra": "math"}  # more tasks than one of a judge
SLOW = 2.0  # seconds of one judgement; a worker's own limit is longer
ASKED_ELSEWHERE = (
    "algebra",
    "math",
    "gym",
    "json_fields",
)  # of workers, which may use up their limit
PIECES = (
    "<think>", "</think>", "<answer>", "</answer>", "<tool_call>", "</tool_call>", "<<", ">>",
    r"\boxed{", "}", "{", "(", ")", "[", "]", "<", ">", "#", "####", "Answer:", "final answer is ",
    "```json\n", "```lean\n", "\n```", "\n\n", "***", "******", "* ", "- ", "P.S. ", '"', ",", ";",
    "1 assume P", "2 ->I 1-1", "&I 1 1", "->", "~", "|", "sorry", "theorem t : 6 * 7 = 42 :=",
    '{"name": "multiply", "arguments": {"a": 6, "b": 7}}', '{"a": 42, "a": 42}', "NaN", "null",
    r"\frac{", r"\sqrt", "^", "_", "$", r"\text{", "9^{9^9}", "1e999", "-0.0", "42", "4２", "０",
    "A", "C", "3*7+5", "1 0 1", "00 01 11", "12 13 23", "1234 3412 2143 4321", "\x00", "\ud83d",
    "\u202e", "é", "e\u0301", "İ", "ß", "ᾳ", "漢", "🙂", " ", "\t", "\r\n", "Done.", "Section 1",
    "[x]", "²", "½",
)  # fmt: skip


def replies(rng: Random, right: str) -> Iterator[str]:
    """Pieces in any order, noise, long repetitions, and the right reply with a piece put in."""
    while True:
        some = rng.choices(PIECES, k=rng.randint(1, 12))
        yield "".join(some)
        yield "".join(chr(rng.choice((rng.randrange(128), rng.randrange(0x3000)))) for _ in some)
        yield rng.choice(some) * rng.choice((3, 50, 2000))
        yield rng.choice(some) * 300 + rng.choice(some) * 300 + right
        place = rng.randint(0, len(right))
        yield right[:place] + rng.choice(some) + right[place + rng.randint(0, 3) :]
        yield "".join(rng.sample(right, len(right)))
        yield f"{''.join(some)}{right}{''.join(some)}"
        yield f"#{''.join(some)} \\boxed{{{''.join(some)}}} <answer>{''.join(some)}</answer>"


def judged(name: str, reply: str, judge: Reward) -> tuple[str, float, float]:
    """What became of a reply: a word for it, its score, and the seconds that it took."""
    rollout: Rollout = tasks.rolled(name, reply)
    start = perf_counter()
    try:
        verdict = judge.score(rollout)
        assert isinstance(verdict, Verdict), "a judge that waits is none of these"
    except Exception as error:  # noqa: BLE001, whatever it is, it is what we are looking for
        return f"raised {type(error).__name__}: {error}"[:120], 0.0, perf_counter() - start
    seconds = perf_counter() - start
    if verdict.fault:
        return f"fault: {verdict.note}"[:120], 0.0, seconds
    if name not in ASKED_ELSEWHERE and seconds > SLOW:
        return "slow", verdict.score, seconds
    return "judged", verdict.score, seconds


def fuzzed(name: str, count: int, seed: int = 0) -> tuple[Counter[str], float, float]:
    """The words for all replies, the highest score, and the longest time."""
    judge, found = rewards.load(AS.get(name, name)), Counter[str]()
    assert isinstance(judge, Reward)
    best = slowest = 0.0
    for _, reply in zip(range(count), replies(Random(seed), tasks.right(name)), strict=False):
        word, score, seconds = judged(name, reply, judge)
        found[word] += 1
        best, slowest = max(best, score), max(slowest, seconds)
    return found, best, slowest


def main(count: int, names: list[str]) -> None:
    """One line per judge, and every kind of failure below it."""
    for name in names or [*registry.parts_below("whet.rewards.verifiable"), *AS]:
        judge, right = rewards.load(AS.get(name, name)), tasks.right(name)
        assert isinstance(judge, Reward)
        before = judged(name, right, judge)[:2]
        start = perf_counter()
        found, best, slowest = fuzzed(name, count)
        seconds = perf_counter() - start
        after = judged(name, right, judge)[:2]
        words = Counter(word.partition(":")[0] for word in found.elements())
        print(
            f"{name:20} {seconds:7.1f} s  slowest {slowest:6.3f} s  best {best:4.2f} "
            f"(right: {before[1]:4.2f})  {dict(words)}{'' if before == after else '  CHANGED'}"
        )
        for word, times in found.items():
            if word != "judged":
                print(f"    {times:6} × {word!r}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2:])
