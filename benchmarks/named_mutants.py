"""Faults of behaviour and of defaults that tests once missed, as changes of a file's text."""

from typing import NamedTuple


class Named(NamedTuple):
    """A mistake, the file below `src/whet/policy` that it is made in, and the texts exchanged."""

    mistake: str
    file: str
    changes: tuple[tuple[str, str], ...]

    def applied(self, text: str) -> str:
        """The text of the file with the mistake. Raises `LookupError` if the place has gone."""
        for old, new in self.changes:
            if text.count(old) != 1:
                raise LookupError(f"{self.file} has {text.count(old)} places of {old!r}, not one")
            text = text.replace(old, new)
        return text


FREE, BASED, OFF = (f"algorithms/{kind}" for kind in ("critic_free", "critic_based", "off_policy"))

BEHAVIOUR = (
    Named(
        "γ is dropped from γλ in GAE",
        "arithmetic.py",
        (("discounted(surprise, discount * gae_lambda)", "discounted(surprise, gae_lambda)"),),
    ),
    Named(
        "LengthAdaptive ignores γ",
        "critics.py",
        (
            (
                "            discount=self.discount,\n            gae_lambda=gae_lambda,",
                "            gae_lambda=gae_lambda,",
            ),
        ),
    ),
    Named(
        "ExtendedGAE ignores γ",
        "critics.py",
        (
            (
                "token_rewards, value, inputs.row, discount=self.discount, ",
                "token_rewards, value, inputs.row, ",
            ),
        ),
    ),
    Named(
        "PRIME's reward to go ignores γ",
        f"{BASED}/prime.py",
        (
            (
                "reward_to_go(process, inputs.row, self.discount)",
                "reward_to_go(process, inputs.row)",
            ),
        ),
    ),
    Named(
        "VAPO's critic has λ = .95",
        f"{BASED}/vapo.py",
        (("gae_lambda=1.0", "gae_lambda=0.95"),),
    ),
    Named(
        "DisCO's denominator counts mixed groups only",
        "discrimination.py",
        (("max(batch.totals.groups, 1)", "max(len(group[mixed].unique()), 1)"),),
    ),
    Named(
        "KTO's z₀ is not clamped",
        "preferences.py",
        (("_mean(moved.detach(), among).clamp(min=0)", "_mean(moved.detach(), among)"),),
    ),
    Named(
        "GeometricTruncated has no cap",
        "corrections.py",
        (("mean.exp().clamp(max=self.cap)", "mean.exp()"),),
    ),
    Named(
        "Clip-Cov has no upper bound",
        f"{FREE}/clip_cov.py",
        (("(cov > self.low) & (cov < self.high)", "(cov > self.low)"),),
    ),
    Named(
        "KL-Cov rounds up",
        f"{FREE}/kl_cov.py",
        (("int(self.share * len(order))", "-int(-self.share * len(order) // 1)"),),
    ),
    Named(
        "NFT's q is clamped below only",
        f"{FREE}/nft.py",
        (("raw.clamp(self.least, 1 - self.least)", "raw.clamp(self.least)"),),
    ),
    Named(
        "HPT's mean is over the policy's own tokens",
        f"{OFF}/hpt.py",
        (
            ("import TokenMean", "import SelectedTokenMean, TokenMean"),
            (
                "        aggregation=TokenMean(),\n        on=PolicyTokens(),",
                "        aggregation=SelectedTokenMean(),\n        on=PolicyTokens(),",
            ),
        ),
    ),
    Named(
        "DPH-RL is anchored at π_prox",
        f"{FREE}/dph_rl.py",
        (
            ("import Behaviour", "import Proximal"),
            ("anchor=Rehearsed()", "anchor=Proximal()"),
        ),
    ),
    Named(
        "OverMean divides by means of 0 or less",
        "ranks.py",
        (("torch.where(mean > self.epsilon, ratio, torch.zeros_like(ratio))", "ratio"),),
    ),
    Named("the log-ratio is limited at 3", "arithmetic.py", (("_LIMIT = 20.0", "_LIMIT = 3.0"),)),
)

DEFAULTS = (
    Named(
        "clip_cov has a dual clip",
        f"{FREE}/clip_cov.py",
        (
            ("import Clipped", "import DualClipped"),
            ("Clipped(low=clip, high=clip)", "DualClipped(low=clip, high=clip)"),
        ),
    ),
    Named(
        "gfpo's β is twice its own",
        f"{FREE}/gfpo.py",
        (("beta: float = 0.001", "beta: float = 0.002"),),
    ),
    Named(
        "luspo's upper clip is twice its own",
        f"{FREE}/luspo.py",
        (("high: float = 4e-4", "high: float = 8e-4"),),
    ),
    Named(
        "hpt's clip is twice its own",
        f"{OFF}/hpt.py",
        (("clip: float = 0.2", "clip: float = 0.4"),),
    ),
    Named(
        "krpo's β is twice its own",
        f"{FREE}/krpo.py",
        (("beta: float = 0.01", "beta: float = 0.02"),),
    ),
    Named(
        "prorl's upper clip is half its own",
        f"{FREE}/prorl.py",
        (("high: float = 0.4", "high: float = 0.2"),),
    ),
)
