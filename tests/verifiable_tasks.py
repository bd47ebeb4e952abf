"""For each verifiable judge a task by hand, and a reply that earns all there is."""

from recorded import recorded

from whet.types import Task

QUESTION = "What is 6 * 7?"
FORM = frozenset(
    {"format", "language", "length_gate", "repetition", "repetition_penalty", "tag_count"}
)  # judges of the form of a reply, which say nothing of its answer
CALLS = [{"name": "multiply", "arguments": {"a": 6, "b": 7}}]
ACCEPTABLE = [
    {
        "name": "multiply",
        "arguments": {"a": [6], "b": [7, 7.0], "unit": ["", "m"]},
        "required": ["a", "b"],
        "parameters": {
            "a": {"type": "integer"},
            "b": {"type": "float"},
            "unit": {"type": "string"},
        },
    }
]
DEMANDS = [
    {"id": "detectable_format:title", "kwargs": {}},
    {"id": "startend:end_checker", "kwargs": {"end_phrase": "Done."}},
]
GYM = {"dataset": "chain_sum", "entry": "{'question': '6 * 7', 'answer': '42'}"}
_RIGHT = "<think>x</think><answer>{}</answer>"

# answer, right reply, and what else the task brings
_TASKS = {
    "acceptable_calls": (
        "",
        '<tool_call>{"name": "multiply", "arguments": {"a": 6, "b": 7}}</tool_call>',
        {"acceptable_calls": ACCEPTABLE},
    ),
    "algebra": ("x^2+1", r"\boxed{1+x^2}", {}),  # for `math`, where only algebra can tell
    "brackets": ("", "#])", {"begun": "(["}),
    "choice": ("C", r"\boxed{C}", {"choices": ["40", "41", "42", "43"]}),
    "code": ("", "", {"tests": {"kind": "stdin", "inputs": ["6 7"], "outputs": ["42"]}}),
    "colouring": ("", "#1 2 3", {"nodes": 3, "colours": 3, "edges": "ab ac bc"}),
    "constraints": ("", "<<Six>>\nSeven. Done.", {"constraints": DEMANDS}),
    "countdown": ("", "#3*7+5", {"numbers": [3, 5, 7], "target": 26}),
    "exact": ("42", "#42", {}),
    "gym": ("42", _RIGHT.format(42), {"gym": GYM}),
    "hanoi": ("", "#12 13 23", {"start": "11", "goal": "33", "most": 3}),
    "json_fields": ('{"a": 42, "b": "x"}', '{"a": 42, "b": "x"}', {}),
    "knights": ("", "#1 0 0", {"said": "a:-b|b:-a|c:a*b"}),
    "labelled": ("f6j0n6", "f6j0n6", {}),
    "language": ("", "This is the house that we have seen.", {}),
    "lean": ("", "", {"statement": "theorem t : 6 * 7 = 42 :="}),
    "maze": ("", "#00 01 11", {"walls": "00|10", "start": "00", "goal": "11", "most": 3}),
    "proof": ("", "#1 assume P; 2 ->I 1-1", {"statement": "P -> P"}),
    "sat": ("", "#1 0 1", {"variables": 3, "clauses": "a+b|-a+c"}),
    "sql": (
        "SELECT b FROM t",
        "",
        {"sql": {"schema": "CREATE TABLE t (a INT NOT NULL, b INT NOT NULL)"}},
    ),
    "sudoku": ("", "#1234 3412 2143 4321", {"grid": "1034 0012 2100 0021"}),
    "tool_calls": (
        "",
        '<tool_call>{"name": "multiply", "arguments": {"a": 6, "b": 7}}</tool_call>',
        {"calls": CALLS},
    ),
}


def task(name):
    """The task of a judge; 42 is the answer where it needs nothing else."""
    answer, _, info = _TASKS.get(name, ("42", "", {}))
    return Task(id="t", prompt=QUESTION, answer=answer, info={"verifier": "exact", **info})


def right(name):
    """A reply that earns all there is; empty where this can't be tried everywhere."""
    return _TASKS.get(name, ("", _RIGHT.format(42), {}))[1]


def rolled(name, reply):
    """The rollout in which the task of a judge was given this reply."""
    asked = task(name)
    turns = (str(asked.prompt), reply)
    words = tuple(range(len(reply.split())))
    return recorded(
        task=asked,
        seed=0,
        turns=turns,
        tokens=words,
        chosen=(True,) * len(words),
        behaviour_logp=(0.0,) * len(words),
    )
