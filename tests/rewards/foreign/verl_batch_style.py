"""In the style of veRL's batch reward manager, and of its reward loop's coroutine."""


def compute_score_batch(data_sources, solution_strs, ground_truths, extra_infos, bonus=0.0):
    scores = []
    for source, text, truth, extra in zip(
        data_sources, solution_strs, ground_truths, extra_infos, strict=True
    ):
        assert source == "sums" and extra["num_turns"] and extra["rollout_reward_scores"] == {}
        right = text.endswith(truth)
        scores.append({"score": float(right) + bonus, "acc": right, "index": extra["index"]})
    return scores


async def compute_score_async(data_source, solution_str, ground_truth, extra_info, **kwargs):
    return float(solution_str.endswith(ground_truth))
