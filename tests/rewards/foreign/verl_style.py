"""In the style of veRL's scorers: one solution as text, a dict of numbers back."""

import re


def extract_solution(solution_str, method="strict"):
    found = re.findall(r"#### (\-?[0-9\.\,]+)", solution_str[-300:])
    if method == "flexible" and not found:
        found = re.findall(r"(\-?[0-9\.\,]+)", solution_str)
    return found[-1].replace(",", "") if found else None


def compute_score(data_source, solution_str, ground_truth, extra_info=None, format_score=0.1):
    if data_source not in ("openai/gsm8k", "sums"):
        raise NotImplementedError(f"Reward function is not implemented for {data_source=}")
    answer = extract_solution(solution_str)
    if answer is None:
        return {"score": 0.0, "acc": False, "pred": ""}
    score = 1.0 if answer == ground_truth else format_score
    return {"score": score, "acc": answer == ground_truth, "index": (extra_info or {})["index"]}
