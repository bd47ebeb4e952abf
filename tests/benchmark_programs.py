"""A few invented rows of benchmarks that are judged by programs, in their published formats."""

import json

from benchmark_files import Fixture, calls, code, packed

HUMAN_EVAL = Fixture(
    file="HumanEval.jsonl.gz",
    rows=[
        {
            "task_id": "HumanEval/0",
            "prompt": "from typing import List\n\n\ndef twice(x: List[int]) -> List[int]:\n"
            '    """ Each number doubled. """\n',
            "entry_point": "twice",
            "canonical_solution": "    return [2 * n for n in x]\n",
            "test": "\n\nMETADATA = {}\n\n\ndef check(candidate):\n"
            "    assert candidate([1, 2]) == [2, 4]\n    assert candidate([]) == []\n",
        },
        {
            "task_id": "HumanEval/1",
            "prompt": "def coded(s: str):\n    return s[::-1]\n\n\ndef decoded(s: str):\n"
            '    """ Undo coded. """\n',
            "entry_point": "decoded",
            "canonical_solution": "    return ''.join(reversed(s))\n",
            "test": "def check(candidate):\n    assert candidate(coded('ab')) == 'ab'\n",
        },
    ],
    ids=["HumanEval/0", "HumanEval/1"],
    right=code(
        "def twice(x: List[int]):\n    return [n + n for n in x]",
        "def decoded(s):\n    return coded(s)",
    ),
    wrong=[
        code("def twice(x):\n    return [2, 4]", "def double(x):\n    return [2 * n for n in x]"),
        code("def decoded(s):\n    return s"),
    ],
)
MBPP = Fixture(
    file="mbpp.jsonl",
    rows=[
        {
            "text": "Add two numbers.", "code": "def sum(a, b):\r\n    return a + b",
            "task_id": 11, "test_setup_code": "", "challenge_test_list": ["assert sum(0, 0) == 1"],
            "test_list": ["assert sum(1, 2) == 3", "assert sum(2, 2) == 4"],
        },
        {
            "text": "Give the root.", "code": "def root(a):\r\n    return a ** 0.5", "task_id": 510,
            "test_setup_code": "from math import isclose", "challenge_test_list": [],
            "test_list": ["assert isclose(root(4), 2)"],
        },
    ],
    ids=["mbpp/11", "mbpp/510"],
    right=code("def sum(a, b): return b + a", "import math\ndef root(a): return math.sqrt(a)"),
    wrong=[code("def sum(a, b): return 3", "def plus(a, b): return a + b"), code("root = 2")],
)  # fmt: skip
SANITIZED_MBPP = Fixture(
    file="sanitized-mbpp.json",
    rows=[
        {
            "source_file": "none", "task_id": 12, "prompt": "Give the root.",
            "code": "def root(a):\n    return a ** 0.5", "test_imports": ["import math"],
            "test_list": ["assert math.isclose(root(9), 3)"],
        },
        {
            "source_file": "none", "task_id": 13, "prompt": "Give one.",
            "code": "def one():\n    return 1", "test_imports": [],
            "test_list": ["assert one() == 1"],
        },
    ],
    ids=["mbpp/12", "mbpp/13"],
    right=code("def root(a): return a ** 0.5", "def one(): return 1"),
    wrong=[code("def root(a): return a / 2"), []],
)  # fmt: skip
STDIN = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
FUNCTIONAL = [{"input": "[1, 2]\n2", "output": "[2]", "testtype": "functional"}]
THREE = {"input": "[3]\n1", "output": "[3]"}
LIVE_CODE_BENCH = Fixture(
    file="test6.jsonl",
    rows=[
        {
            "question_title": "Sum", "question_content": "Print the sum.", "platform": "atcoder",
            "question_id": "abc_1", "contest_id": "abc", "contest_date": "2031-01-05T00:00:00",
            "starter_code": "", "difficulty": "easy", "public_test_cases": json.dumps(STDIN),
            "private_test_cases": packed([{**STDIN[0], "input": "5 5", "output": "10"}]),
            "metadata": "{}",
        },
        {
            "question_title": "Count", "question_content": "Keep those that are at least k.",
            "platform": "leetcode", "question_id": "2", "contest_id": "w",
            "contest_date": "2031-02-05T00:00:00",
            "starter_code": "class Solution:\n    def count(self, xs: List[int], k: int):\n",
            "difficulty": "hard", "public_test_cases": json.dumps(FUNCTIONAL),
            "private_test_cases": json.dumps([FUNCTIONAL[0] | THREE]),
            "metadata": json.dumps({"func_name": "count"}),
        },
    ],
    ids=["live_code_bench/abc_1", "live_code_bench/2"],
    right=code(
        "print(reduce(add, map(int, input().split())))",
        "class Solution:\n    def count(self, xs: List[int], k: int):\n"
        "        return [x for x in xs if x >= k]",
    ),
    wrong=[
        code("print(3)", "print(*map(int, input().split()))"),
        code(
            "class Solution:\n    def count(self, xs, k): return max(xs)",
            "class Solution:\n    def count(self, xs, k): return [2]",
        ),
    ],
)  # fmt: skip
IFEVAL = Fixture(
    file="input_data.jsonl",
    rows=[
        {
            "key": 1, "prompt": "Praise the sea without commas, and end with: Done.",
            "instruction_id_list": ["punctuation:no_comma", "startend:end_checker"],
            "kwargs": [{"num_words": None}, {"end_phrase": "Done.", "relation": None}],
        },
        {
            "key": 2, "prompt": "Write at least 4 words.",
            "instruction_id_list": ["length_constraints:number_words"],
            "kwargs": [{"relation": "at least", "num_words": 4}],
        },
    ],
    ids=["ifeval/1", "ifeval/2"],
    right=["The sea is wide. Done.", "The sea is wide."],
    wrong=[["The sea, wide. Done.", "The sea is wide."], ["The sea is"]],
)  # fmt: skip
_FUNCTION = {
    "name": "map.area",
    "description": "Area of a field.",
    "parameters": {
        "type": "dict",
        "properties": {
            "width": {"type": "float", "description": "in metres"},
            "unit": {"type": "string", "description": "of the result"},
            "corners": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["width"],
    },
}
_AREA = {"name": "map.area", "arguments": {"width": 3, "unit": "Square metre"}}
BFCL = Fixture(
    file="BFCL_v3_parallel.json",
    rows=[
        {
            "id": f"parallel_{n}",
            "question": [[{"role": "user", "content": f"How large are fields {n} and {n + 1}?"}]],
            "function": [_FUNCTION],
        }
        for n in range(2)
    ],
    ids=["bfcl/parallel_0", "bfcl/parallel_1"],
    right=[
        calls({"name": "map.area", "arguments": {"width": 4.5}}, _AREA),
        calls({"name": "map.area", "arguments": {"width": 2.0, "corners": [1, 2]}}),
    ],
    wrong=[
        [
            calls(_AREA),
            calls(_AREA, _AREA),
            calls(_AREA, {"name": "map.area", "arguments": {"width": 4.5, "depth": 1}}),
            calls(_AREA, {"name": "map.area", "arguments": {"width": "4.5"}}),
            "3 and 4.5",
        ],
        [
            calls({"name": "map.area", "arguments": {"width": 2.0}}),
            calls({"name": "map.area", "arguments": {"width": 2.0, "corners": [2, 1]}}),
            calls({"name": "map.area", "arguments": {"corners": [1, 2]}}),
            calls({"name": "area", "arguments": {"width": 2.0, "corners": [1, 2]}}),
        ],
    ],
    answers=[
        {
            "id": "parallel_0",
            "ground_truth": [
                {"map.area": {"width": [3.0], "unit": ["square metre", "m^2"]}},
                {"map.area": {"width": [4.5, 4.51], "unit": ["m^2", ""]}},
            ],
        },
        {"id": "parallel_1", "ground_truth": [{"map.area": {"width": [2], "corners": [[1, 2]]}}]},
    ],
)
