"""Why a loss of TRL or veRL and whet's differ, for each row of losses_beside above rounding.

"equal" is at the peer's settings, "own" with whet's algorithm as it is.  What is said of a pair at
equal settings holds for its other row, too.
"""

from collections.abc import Mapping

_EPSILON = "TRL adds 1e-4 to the group's deviation, whet 1e-6"
_LENGTH = "whet's length is the paper's, 3000 tokens; here replies have at most 12"
_DUAL = "veRL clips twice, with a floor of 3 where the advantage is negative; whet's algorithm once"
_PLAIN = (
    "veRL puts the advantage into its clipped loss, with a ratio and a mean over tokens; whet has "
    "the paper's sum of log-probs, "
)
_TAIL = (
    "where one reply is longer than all others of its group, veRL gives its tail no baseline, so "
    "the reward is its advantage; whet gives it its own reward as baseline, so the advantage is 0"
)
_TRUNCATED = (
    "TRL keeps the advantages of rollouts that were cut off and masks their tokens; whet makes the "
    "advantages 0"
)
_JSD = "whet's default is the Jensen-Shannon divergence with β = 0.5, as GKDTrainer's"
_BY_REPLIES = (
    "TRL 1.16.0 takes a mean over replies of the mean over tokens, whet a mean over tokens"
)
_LOG = (
    "veRL multiplies the ratio by log π: a number without meaning, and the same gradient where the "
    "ratio is not truncated"
)
_TIS = "at 3, veRL's default, it truncates the ratio, which whet does not"
_NOT_KL = (
    "TRL takes 0.05 times the sum of log π − log π_ref of a reply from its reward; `rloo` has no KL"
)
_DIVIDED = (
    "veRL divides the best reply's lead by the group's deviation unless told not to; whet never"
)
_LEFT_OUT = "veRL leaves out all tokens but the teacher's likeliest, and makes a negative sum 0"
_ONE_BIN = "all tokens but the candidates are one bin in whet, so that no mass can hide there"

WHY: Mapping[tuple[str, str], str] = {
    ("TRL: GRPO, loss_type=grpo", "own"): f"{_EPSILON}; TRL's β is 0, whet's 0.04 as the paper's",
    ("TRL: GRPO, loss_type=bnpo", "own"): f"{_EPSILON}; TRL's upper clip is 0.2, DAPO's 0.28",
    ("TRL: GRPO, loss_type=dr_grpo, scale_rewards=none", "own"): _LENGTH,
    ("TRL: GRPO, loss_type=dapo", "own"): f"{_EPSILON}; TRL's upper clip is 0.2, DAPO's 0.28",
    ("TRL: GRPO, loss_type=dapo, epsilon_high=0.28", "own"): _EPSILON,
    ("TRL: GRPO, loss_type=cispo, epsilon_high=5", "own"): (
        f"{_EPSILON}; TRL's bound of the ratio is 5, which its docs take from ScaleRL; whet's is "
        "1.28, after DAPO"
    ),
    ("TRL: GRPO, loss_type=sapo", "own"): _EPSILON,
    ("TRL: GRPO, loss_type=vespo", "own"): _EPSILON,
    ("TRL: GRPO, loss_type=luspo, sequence level", "own"): _EPSILON,
    ("TRL: GRPO, loss_type=grpo, sequence level", "own"): _EPSILON,
    ("TRL: GRPO, sequence level", "own"): (
        f"{_EPSILON}; with its default `loss_type`, dapo, TRL takes a mean over tokens, the paper "
        "a mean over replies"
    ),
    ("TRL: AsyncGRPO", "own"): f"{_EPSILON}; TRL's upper clip is 0.2, DAPO's 0.28",
    ("TRL: GMPO", "own"): _EPSILON,
    ("TRL: RLOO, beta=0", "own"): (
        "TRL clips the product of a reply's ratios; whet has the paper's sum of log-probs"
    ),
    ("TRL: RLOO", "equal"): _NOT_KL,
    (
        "TRL: RLOO",
        "own",
    ): f"{_NOT_KL}; TRL clips the product of a reply's ratios, whet sums log-probs",
    ("TRL: GRPO, loss_type=grpo, beta=0.04, use_bias_correction_kl=True", "own"): (
        f"{_EPSILON}; TRL 1.16.0 multiplies k3 by the ratio unless told not to, the paper doesn't"
    ),
    ("TRL: GRPO, loss_type=grpo, beta=0.04, use_bias_correction_kl=False", "own"): _EPSILON,
    ("TRL: GRPO, loss_type=grpo, sequence level, beta=0.04", "equal"): (
        "TRL multiplies k3 by the reply's ratio, whet's `WeightedK3` by the token's, so that its "
        "gradient is that of the KL"
    ),
    ("TRL: GRPO, top_entropy_quantile=0.2", "own"): (
        f"{_EPSILON}; TRL divides by all tokens, whet by the selected ones; TRL's upper clip is "
        "0.2, whet's 0.28 as the paper's"
    ),
    ("TRL: GRPO, loss_type=dapo, mask_truncated_completions", "equal"): _TRUNCATED,
    ("TRL: GRPO, loss_type=grpo, mask_truncated_completions", "equal"): (
        f"{_TRUNCATED}; TRL's mean over rollouts counts them, whet's does not"
    ),
    (
        "TRL: DPO, loss_type=ipo",
        "own",
    ): "TRL takes the mean over a reply's tokens, whet the paper's sum",
    ("TRL: DPO, loss_type=sigmoid_norm", "own"): (
        "TRL takes the mean over a reply's tokens; `dpo` is `loss_type=sigmoid`, the sum"
    ),
    ("TRL: CPO, loss_type=simpo", "own"): (
        "TRL's β is 0.1 and its margin 0.5; whet has 2.5 and 1.375"
    ),
    ("TRL: KTO", "own"): (
        "TRL estimates z₀ from replies to other prompts, as the paper; whet takes the mean over "
        "the batch's own replies"
    ),
    ("TRL: KTO, loss_type=apo_zero_unpaired", "own"): "APO has z₀ = 0, KTO an estimate",
    ("TRL: GKD, beta=0", "own"): _JSD,
    ("TRL: GKD, beta=0.3", "own"): _JSD,
    ("TRL: GKD, beta=1", "own"): _JSD,
    (
        "TRL: SDPO and SDFT, topk_logits, distillation_topk=4, distillation_add_tail, "
        "the policy's tokens",
        "own",
    ): _BY_REPLIES,
    (
        "TRL: SDPO and SDFT, topk_logits, distillation_topk=4, distillation_add_tail, "
        "the teacher's",
        "equal",
    ): "TRL's candidates are the policy's likeliest tokens, whet's the teacher's",
    (
        "TRL: SDPO and SDFT, topk_logits, distillation_topk=4, distillation_add_tail, "
        "the teacher's",
        "own",
    ): f"TRL's candidates are the policy's likeliest tokens, whet's the teacher's; {_BY_REPLIES}",
    ("TRL: SDPO and SDFT, topk_logits, distillation_topk=4", "equal"): (
        f"TRL drops all other tokens and renormalises unless told to add a tail; {_ONE_BIN}"
    ),
    ("TRL: SDPO and SDFT, topk_logits, distillation_topk=4", "own"): (
        f"TRL drops all other tokens and renormalises unless told to add a tail; {_ONE_BIN}; "
        f"{_BY_REPLIES}"
    ),
    ("TRL: SDPO and SDFT, full_logits", "own"): _BY_REPLIES,
    ("TRL: SDPO and SDFT, sampled_token", "own"): (
        f"TRL multiplies by log π, whet by a ratio of 1, with the same gradient; {_BY_REPLIES}"
    ),
    ("TRL: IW-OPD, gamma=0", "own"): (
        "TRL multiplies by log π, whet by a ratio of 1, with the same gradient"
    ),
    ("TRL: IW-OPD, gamma=1", "equal"): (
        "IW-OPD weighs the first tokens of a reply up to twice as much as the last; `opd` weighs "
        "all alike"
    ),
    ("TRL: IW-OPD, gamma=1", "own"): (
        "IW-OPD weighs the first tokens of a reply up to twice as much as the last, and multiplies "
        "by log π"
    ),
    ("veRL: grpo", "own"): f"{_DUAL}; veRL takes a mean over tokens and has no KL unless told",
    ("veRL: grpo_vectorized", "own"): (
        f"{_DUAL}; veRL takes a mean over tokens and has no KL unless told"
    ),
    ("veRL: grpo without deviation, seq-mean-token-sum-norm", "own"): f"{_LENGTH}; {_DUAL}",
    ("veRL: grpo_passk, norm_adv_by_std_in_grpo=True", "equal"): _DIVIDED,
    ("veRL: grpo_passk, norm_adv_by_std_in_grpo=True", "own"): _DIVIDED,
    ("veRL: rloo", "own"): f"{_PLAIN}a mean over replies",
    ("veRL: rloo_vectorized", "own"): f"{_PLAIN}a mean over replies",
    ("veRL: opo", "own"): f"{_PLAIN}a mean over tokens",
    ("veRL: remax", "own"): f"{_PLAIN}a mean over replies",
    ("veRL: reinforce_plus_plus, kl_coef=0.05", "own"): _DUAL,
    (
        "veRL: reinforce_plus_plus_baseline",
        "own",
    ): f"{_DUAL}; whet has k2 with β = 0.01 in the loss",
    ("veRL: optimal_token_baseline, handle_zero_tail=False", "own"): _DUAL,
    ("veRL: optimal_token_baseline, handle_zero_tail=True", "equal"): _TAIL,
    ("veRL: optimal_token_baseline, handle_zero_tail=True", "own"): f"{_TAIL}; {_DUAL}",
    ("veRL: tir_optimal_token_baseline, handle_zero_tail=False", "own"): _DUAL,
    ("veRL: tir_optimal_token_baseline, handle_zero_tail=True", "equal"): _TAIL,
    ("veRL: tir_optimal_token_baseline, handle_zero_tail=True", "own"): f"{_TAIL}; {_DUAL}",
    ("veRL: gae, lam=0.95, kl_coef=0.05", "own"): _DUAL,
    ("veRL: gspo, token-mean, clip 0.2", "own"): (
        "veRL's actor has a mean over tokens and a clip of 0.2 for every loss unless told; whet "
        "has the paper's mean over replies, 3e-4 and 4e-4"
    ),
    ("veRL: cispo", "own"): (
        "veRL bounds the ratio on both sides, at 0.8 and 1.2; whet above only, at 1.28"
    ),
    ("veRL: geo_mean", "own"): "veRL's clip of the log-ratio is 0.2 unless told, the paper's 0.4",
    ("veRL: gpg", "own"): (
        "veRL's α is the number of rollouts over that of rewards other than 0; whet's over that of "
        "rollouts in groups with a spread, as in the authors' code"
    ),
    ("veRL: clip_cov, clip_cov_ratio=0.05, clip_cov_lb=0.2", "own"): (
        "whet's clip is 1, veRL's 0.2 unless told; share and bound are larger "
        "here, so that a small batch has such tokens"
    ),
    ("veRL: kl_cov, kl_cov_ratio=0.1, ppo_kl_coef=1", "own"): (
        "the share is larger here, so that a small batch has such tokens; whet's is 0.002, veRL's "
        "0.0002 with a coefficient of 0.1"
    ),
    ("veRL: dppo_tv, clip_ratio_c=20", "equal"): _LOG,
    ("veRL: dppo_tv, clip_ratio_c=20", "own"): f"{_LOG}; whet's bound is 0.15, its length 8192",
    ("veRL: dppo_tv, clip_ratio_c=3", "equal"): f"{_LOG}; {_TIS}",
    ("veRL: dppo_tv, clip_ratio_c=3", "own"): (
        f"{_LOG}; {_TIS}; whet's bound is 0.15, its length 8192"
    ),
    ("veRL: dppo_kl, clip_ratio_c=20", "equal"): _LOG,
    ("veRL: dppo_kl, clip_ratio_c=20", "own"): f"{_LOG}; whet's bound is 0.05, its length 8192",
    ("veRL: dppo_kl, clip_ratio_c=3", "equal"): f"{_LOG}; {_TIS}",
    ("veRL: dppo_kl, clip_ratio_c=3", "own"): (
        f"{_LOG}; {_TIS}; whet's bound is 0.05, its length 8192"
    ),
    ("veRL: bypass_mode, loss_type=reinforce, rollout_is=token", "own"): (
        "veRL bounds the weight at 2, whet at 1.28"
    ),
    ("veRL: bypass_mode, loss_type=ppo_clip", "own"): (
        f"{_DUAL}; veRL takes a mean over tokens and has no KL unless told"
    ),
    ("veRL: geo_mean, rollout_is=token", "equal"): (
        "veRL caps each token's weight before the geometric mean, whet the mean"
    ),
    ("veRL: forward_kl_topk, topk=7 of 7 tokens", "own"): _JSD,
    ("veRL: forward_kl_topk, topk=4 of 7 tokens", "equal"): (f"{_LEFT_OUT}; {_ONE_BIN}"),
    ("veRL: forward_kl_topk, topk=4 of 7 tokens", "own"): (f"{_LEFT_OUT}; {_JSD}"),
}
