"""A few invented rows of each published benchmark, in its format, with right and wrong replies."""

from benchmark_files import Fixture, boxed, letters
from benchmark_programs import BFCL, HUMAN_EVAL, IFEVAL, LIVE_CODE_BENCH, MBPP, SANITIZED_MBPP

AIME = Fixture(
    file="aime.jsonl",
    rows=[
        {"id": 7, "problem": "What is 70 + 3?", "answer": "073", "year": "2031"},
        {"ID": "2031-I-4", "Problem": "What is 7 + 1?", "Solution": "8.", "Answer": 8},
        {"problem_idx": 3, "problem": "What is 0?", "answer": 0.0, "problem_type": ["Algebra"]},
        {"question": "Which angle is 2 right ones?", "answer": "180^\\circ"},
    ],
    ids=["aime/7", "aime/2031-I-4", "aime/3", "aime/aime.jsonl:4"],
    right=boxed("073", "8", "0", "180"),
    wrong=[boxed("37", "730"), boxed("80", "-8"), boxed("00.1"), boxed("18")],
)
AMC = Fixture(
    file="train-00000-of-00001.parquet",
    rows=[
        {"id": 0, "problem": "What is 3 × 9?", "answer": 27.0, "url": "none"},
        {"id": 1, "problem": "What is half of −5?", "answer": -2.5, "url": "none"},
    ],
    ids=["amc/0", "amc/1"],
    right=boxed("27", r"-\frac{5}{2}"),
    wrong=[boxed("270", "27.5"), boxed("2.5", "-25")],
)
MATH_500 = Fixture(
    file="math.jsonl",
    rows=[
        {
            "problem": "Halve $x+1$.",
            "solution": r"First \boxed{x}, at last $\boxed{\frac{x+1}{2}}$.",
            "answer": r"\frac{x+1}{2}",
            "subject": "Algebra",
            "level": 2,
            "unique_id": "test/algebra/1.json",
        },
        {"problem": "Halve 5.", "solution": r"It is $\boxed{\frac52}$.", "level": "Level 5"},
        {"problem": "Double 5.", "answer": r"\boxed{10}", "unique_id": "c"},
    ],
    ids=["math_500/test/algebra/1.json", "math_500/math.jsonl:2", "math_500/c"],
    right=boxed(r"\frac{1+x}{2}", "2.5", "10"),
    wrong=[boxed("x", r"\frac{x-1}{2}"), boxed("52", r"\frac25"), boxed("1", "20")],
)
GSM8K = Fixture(
    file="test.jsonl",
    rows=[
        {"question": "Ann has 1,000 and 234. How many?", "answer": "<<1+1=2>>Add.\n#### 1,234"},
        {"question": "Ben owes 5. What has he?", "answer": "He owes.\n#### -5"},
    ],
    ids=["gsm8k/test.jsonl:1", "gsm8k/test.jsonl:2"],
    right=boxed("1234", "-5"),
    wrong=[boxed("1", "234", "1.234"), boxed("5", "-50")],
)
OLYMPIAD_BENCH = Fixture(
    file="OE_TO_maths_en_COMP.jsonl",
    rows=[
        {
            "id": 1, "subfield": "Algebra", "context": None, "question": "Solve $x^2=9$.",
            "solution": ["Take roots."], "final_answer": ["$3$,$-3$"], "is_multiple_answer": True,
            "unit": None, "answer_type": "Numerical", "error": None,
        },
        {
            "id": 2, "subfield": "Algebra", "context": "A train goes.", "question": "How fast?",
            "solution": ["By a ruler."], "final_answer": ["4.2"], "is_multiple_answer": False,
            "unit": "km/h", "answer_type": "Numerical", "error": "1e-1",
        },
        {
            "id": 3, "subfield": "Algebra", "context": None, "question": "Two lengths?",
            "solution": ["Measure."], "final_answer": ["$1.0,20$"], "is_multiple_answer": True,
            "unit": None, "answer_type": "Numerical", "error": "0.1,2",
        },
    ],
    ids=["olympiad_bench/1", "olympiad_bench/2", "olympiad_bench/3"],
    right=boxed("-3, 3", "4.3", "21.5, 0.95"),
    wrong=[boxed("3", "3,-3,0", "3,3"), boxed("4.31", "4.09", "42"), boxed("0.85,20", "1", "2,3")],
)  # fmt: skip
GPQA = Fixture(
    file="gpqa_diamond.csv",
    rows=[
        {
            "Pre-Revision Question": "Which?", "Pre-Revision Correct Answer": "wrong",
            "Question": f"Which stone is number {n}?\n", "Correct Answer": f"stone {n}\n",
            "Incorrect Answer 1": "moss", "Incorrect Answer 2": "a, b", "Incorrect Answer 3": "3",
            "Record ID": f"rec{n}", "High-level domain": "Geology", "Canary String": "c",
        }
        for n in range(2)
    ],
    ids=["gpqa/rec0", "gpqa/rec1"],
    right=["The last line:\n<answer>stone 0</answer>", "<answer>stone 1</answer>"],
    wrong=[["<answer>stone 1</answer>", "<answer>moss</answer>"], ["<answer>a, b</answer>"]],
)  # fmt: skip
MMLU_PRO = Fixture(
    file="test-00000-of-00001.parquet",
    rows=[
        {
            "question_id": 70, "question": "Which is a colour?",
            "options": ["N/A", "two", "red", "up", "N/A"], "answer": "C", "answer_index": 2,
            "cot_content": "", "category": "other", "src": "invented",
        },
        {
            "question_id": 71, "question": "Which is the last?",
            "options": list("abcdefghij"), "answer": "J", "answer_index": 9,
            "cot_content": "", "category": "other", "src": "invented",
        },
    ],
    ids=["mmlu_pro/70", "mmlu_pro/71"],
    right=letters("B", "J"),
    wrong=[letters("C", "A"), letters("I", "A")],
)  # fmt: skip

FIXTURES = {
    "aime": AIME,
    "amc": AMC,
    "math_500": MATH_500,
    "gsm8k": GSM8K,
    "olympiad_bench": OLYMPIAD_BENCH,
    "gpqa": GPQA,
    "mmlu_pro": MMLU_PRO,
    "human_eval": HUMAN_EVAL,
    "mbpp": MBPP,
    "mbpp, sanitized": SANITIZED_MBPP,
    "live_code_bench": LIVE_CODE_BENCH,
    "ifeval": IFEVAL,
    "bfcl": BFCL,
}
"""By the name of the benchmark, and a variant after a comma."""
