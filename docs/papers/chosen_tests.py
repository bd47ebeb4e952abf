"""Tests that were chosen by a reader, for methods whose name alone doesn't find the best one."""

from collections.abc import Mapping

_TREES = "policy/test_tree_advantages.py"
_RECURSION = f"{_TREES}::test_it_is_what_recursion_over_nested_lists_says"
_LEAVES = f"{_TREES}::test_the_leaves_1_0_and_0_0"
_FREE = "policy/test_oracles_critic_free.py"
_DISTILLED = "policy/test_distillation.py"
_PAIR = "policy/test_oracles_preferences.py::test_a_pair"
_SIZES = "sampling/test_sizes.py"
_SHAPES = "sampling/test_shapes.py"
_EXTENSIONS = "policy/extensions"
_EQUATION = f"{_DISTILLED}::test_a_divergence_over_candidates_is_its_equation"

CHOSEN: Mapping[str, str] = {
    "Centred": f"{_FREE}::test_advantages",
    "Standardised": f"{_FREE}::test_edge_cases_of_grpo",
    "LeaveOneOut": "policy/test_passk.py::test_group_baselines_of_one_group",
    "GroupCentredBatchScaled": f"{_FREE}::test_advantages",
    "TokenMean": "policy/test_oracles.py::test_aggregations",
    "SequenceMean": "policy/test_oracles.py::test_aggregations",
    "FixedLength": "policy/test_oracles.py::test_aggregations",
    "grpo": f"{_FREE}::test_loss_and_gradient",
    "ppo": "policy/test_oracles_critics.py::test_loss_and_gradient",
    "gpg": "policy/test_oracles_2026.py::test_gpg_by_hand",
    "entropic": "policy/test_oracles_entropic.py::test_entropic",
    "dppo_squared": "policy/test_oracles_2026.py::test_the_loss_of_prime_rl",
    "krpo": "policy/test_oracles_credit.py::test_krpo",
    "gigpo": "policy/test_oracles_credit.py::test_gigpo",
    "a_star_po": "policy/test_oracles_values.py::test_a_star_po",
    "kto": "policy/test_oracles_preferences.py::test_kto",
    "dpo": "policy/test_oracles_preferences.py::test_the_gradient_of_dpo",
    "cispo": f"{_FREE}::test_loss_and_gradient",
    "prefix_rft": "policy/test_oracles_guided.py::test_a_beginning_is_judged_against_the_unhelped",
    "sat": "policy/test_oracles_stale.py::test_sat",
    "best_of_group": "policy/test_passk.py::test_only_the_best_learns",
    "BestOfGroup": "policy/test_passk.py::test_only_the_best_learns",
    "quantile": "policy/test_passk.py::test_ranks_quantiles_and_means",
    "max_rl": "policy/test_passk.py::test_ranks_quantiles_and_means",
    "OverMean": "policy/test_passk.py::test_ranks_quantiles_and_means",
    "pkpo": "policy/test_passk.py::test_pkpo_by_hand",
    "credit_only": "policy/test_passk.py::test_credit",
    "credited": "policy/test_passk.py::test_credit",
    "hicra": "policy/test_passk.py::test_credit",
    "Amplified": "policy/test_passk.py::test_credit",
    "stepwise": "policy/test_passk.py::test_step_returns_leave_the_others_out",
    "covo": f"{_EXTENSIONS}/test_judges.py::test_covo_by_hand",
    "fr3e": f"{_TREES}::test_fr3e_by_hand",
    "arpo": "policy/test_sharing.py::test_every_leaf_and_every_root_by_hand",
    "tree_grpo": f"{_TREES}::test_tree_grpo_by_hand",
    "treerl": _RECURSION,
    "treepo": _RECURSION,
    "treerpo": _RECURSION,
    "LocalAndGlobal": _LEAVES,
    "SubtreeMean": _LEAVES,
    "SubtreeSizeMean": _LEAVES,
    "InverseSqrt": "policy/test_sharing.py::test_every_leaf_and_every_root_by_hand",
    "prof": f"{_EXTENSIONS}/test_judges.py::"
    "test_prof_keeps_the_best_of_the_right_and_the_worst_of_the_wrong",
    "process_outcome_filter": f"{_EXTENSIONS}/test_judges.py::"
    "test_prof_keeps_the_best_of_the_right_and_the_worst_of_the_wrong",
    "length_targets": f"{_EXTENSIONS}/test_judges.py::"
    "test_targets_follow_the_lengths_of_right_replies",
    "role_baseline": f"{_EXTENSIONS}/test_role_baseline.py::test_three_rewards_of_one_role",
    "implicit_rewards": "policy/test_oracles_critics.py::test_the_implicit_reward_model",
    "implicit": "policy/test_oracles_critics.py::test_the_implicit_reward_model",
    "gkd": _EQUATION,
    "sdft": _EQUATION,
    "sdpo": _EQUATION,
    "opd": f"{_DISTILLED}::test_opd_by_hand",
    "discrimination": f"{_FREE}::test_loss_and_gradient",
    "ObservationLikelihood": "policy/test_observations.py::"
    "test_echo_is_grpo_and_the_mean_log_prob_of_observations",
    "SumLogRatio": _PAIR,
    "MeanLikelihood": _PAIR,
    "TokenRatio": f"{_FREE}::test_loss_and_gradient",
    "SequenceRatio": f"{_FREE}::test_loss_and_gradient",
    "SequenceTokenRatio": f"{_FREE}::test_loss_and_gradient",
    "HighEntropy": f"{_FREE}::test_loss_and_gradient",
    "LogRatio": f"{_FREE}::test_loss_and_gradient",
    "LogClipped": f"{_FREE}::test_loss_and_gradient",
    "ConvexK3": "policy/test_oracles_guided.py::test_remix",
    "Probability": "policy/test_oracles_guided.py::test_others_tokens",
    "Within": "policy/test_paper_equations.py::test_kl_cov_rounds_down",
    "covariance": f"{_FREE}::test_loss_and_gradient",
    "pointwise": "rewards/generative/test_marks.py::test_marks_of_7_8_8_are_worth_0_741",
    "reasoning_judge": "rewards/generative/test_marks.py::test_votes_of_yes_yes_no_are_two_thirds",
    "rubric": "rewards/generative/test_criteria.py::test_points_5_3_minus_6",
    "rubicon": "rewards/generative/test_marks.py::test_rubicon_saturates",
    "turn_rewards": "rewards/generative/test_training.py::test_turns_earn_their_own_rewards",
    "kimi_length": "rewards/shaping/test_lengths.py::test_kimi",
    "random": "rewards/unsupervised/test_rederived.py::test_random_and_noisy",
    "consistency": f"{_EXTENSIONS}/test_judges.py::"
    "test_prof_keeps_the_best_of_the_right_and_the_worst_of_the_wrong",
    "proposer": "rewards/unsupervised/test_rederived.py::test_worths_of_a_proposal",
    "normal_words": "rewards/verifiable/test_qa.py::test_words_as_squad_compares_them",
    "squad": "rewards/verifiable/test_qa.py::test_words_as_squad_compares_them",
    "qa_exact": "rewards/verifiable/test_qa.py::test_exact_match",
    "Constraint": "rewards/verifiable/test_constraints.py::test_each_kind_by_hand",
    "accuracy_band": f"{_SIZES}::test_the_band_of_four_keeps_one_two_and_three_right_ones",
    "knapsack": f"{_SIZES}::test_the_greedy_allocation_is_the_best_of_all",
    "TrainPilots": f"{_SIZES}::test_qualified_pilots_are_biased_and_dropping_them_removes_the_bias",
    "two_phase": f"{_SIZES}::"
    "test_two_phases_cost_fewer_rollouts_per_group_than_filtering_afterwards",
    "reinforce_ada": f"{_SIZES}::test_two_right_of_sixteen_draws_are_kept_with_two_wrong_ones",
    "greso": "sampling/test_prompt_orders_greso.py::"
    "test_each_visit_without_spread_halves_the_chance",
    "prompt_replay": "sampling/test_prompt_orders.py::"
    "test_prompts_of_a_middle_rate_come_again_the_nearest_to_a_half_first",
    "fixed_rounds": "sampling/test_hint_rounds.py::"
    "test_rounds_approach_a_half_and_the_next_visit_begins_there",
    "seele": "sampling/test_hint_rounds.py::test_the_curve_by_hand",
    "g2rpo_a": "sampling/test_hints.py::test_guidance_goes_towards_a_target",
    "rusca_rl": "sampling/test_hints.py::test_rubrics_fade_within_a_group_and_over_the_run",
    "prioritised_replay": "sampling/test_replay_of_groups.py::"
    "test_probabilities_are_the_priorities",
    "bandit": "sampling/test_curricula.py::test_boltzmann_by_hand",
    "weights_of_levels": "sampling/test_curricula.py::"
    "test_the_gaussian_moves_from_the_easiest_level_to_the_hardest",
    "easy_to_hard": "sampling/test_curricula.py::"
    "test_the_gaussian_moves_from_the_easiest_level_to_the_hardest",
    "AdvantageArmGain": "sampling/test_curricula.py::"
    "test_the_advantage_gain_of_binary_metrics_is_twice_their_deviation",
    "entropy_temperature": "sampling/test_schedules_temperature.py::"
    "test_log_temperature_moves_by_the_distance_to_the_target",
    "staged_temperature": "sampling/test_schedules_temperature.py::"
    "test_a_stage_begins_where_it_is_told_to",
    "puct_reuse": "sampling/test_replay_of_solutions.py::test_the_scores_are_those_of_the_equation",
    "think_budget": "sampling/test_schedules_length.py::test_the_l1_reward_reads_the_budget",
    "after_tools": f"{_SHAPES}::test_arpo_branches_where_entropy_rises",
    "EntropyRise": f"{_SHAPES}::test_arpo_branches_where_entropy_rises",
    "budget_forcing": f"{_SHAPES}::test_an_early_end_is_taken_back",
    "early_exits": f"{_SHAPES}::test_exits_are_answers_from_within_the_thought",
    "segment_tree": f"{_SHAPES}::test_paths_fork_by_two_until_the_width_is_used",
    "tree": f"{_SHAPES}::test_token_costs_by_hand",
    "DistributionEntropy": f"{_SHAPES}::test_branches_begin_before_the_most_surprising_tokens",
    "ChainJudge": "evaluation/test_chain_judge.py::test_three_votes_with_the_first_wrong_step",
    "early_answer_area": "evaluation/metrics/test_replies.py::"
    "test_the_area_under_an_early_answer_curve",
    "corrected_prevalence": "evaluation/metrics/test_chains.py::"
    "test_the_prevalence_that_the_judge_would_turn_into_what_it_said",
    "faithfulness": "evaluation/test_probes.py::test_a_policy_that_copies_its_chain",
    "difference_variance": "evaluation/statistics/test_pilot.py::test_by_hand",
    "bootstrap": "evaluation/statistics/test_bootstraps.py::"
    "test_the_bootstrap_has_the_quantiles_of_every_resample",
    "pass_all_k": "evaluation/metrics/test_counts.py::test_the_examples_by_hand",
    "Beam": "evaluation/test_time_attempts.py::test_a_beam_goes_on_from_the_best_steps",
    "BudgetForcingAttempt": "evaluation/test_time_attempts.py::"
    "test_forced_words_count_each_time_they_are_forced",
    "MajorityChoice": "evaluation/test_time_choices.py::test_a_curve_is_a_function_of_its_rows",
    "Revision": "evaluation/test_time_attempts.py::"
    "test_a_revision_is_asked_behind_the_attempt_before_it",
    "Product": "evaluation/test_time_attempts.py::test_a_reply_is_scored_by_its_steps",
    "biased": "evaluation/test_traps.py::test_a_bias_begins_at_its_step",
}
