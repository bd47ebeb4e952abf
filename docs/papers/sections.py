"""The section of the survey (arXiv:2509.08827) that a file belongs to, by its folder or module."""

from collections.abc import Mapping, Sequence

from papers.methods import Method

# the numbers are those of notes on the survey, whose text was not at hand; a * marks where the
# notes do not say under which number the survey treats the subject
_SECTIONS: Mapping[str, str] = {
    "policy/algorithms/critic_free": "3.2.3",
    "policy/algorithms/critic_based": "3.2.2",
    "policy/algorithms/off_policy": "3.2.4",
    "policy/algorithms/distillation": "3.2.4*",
    "policy/regularisers": "3.2.5",
    "policy/f_divergences": "3.2.5",
    "policy/extensions/convex_kl": "3.2.5",
    "policy/extensions/entropy_target": "3.2.5",
    "policy/extensions/reference_reset": "3.2.5",
    "policy/extensions/critic": "3.2.2",
    "policy/critics": "3.2.2",
    "policy/arithmetic": "3.2.2",
    "policy/implicit": "3.2.2*",
    "policy/extensions/implicit_rewards": "3.2.2*",
    "policy/extensions/monte_carlo_values": "3.2.2*",
    "policy/corrections": "3.2.4",
    "policy/preferences": "3.2.4*",
    "policy/distillation": "3.2.4*",
    "policy/advantages": "3.2.3",
    "policy/tree_advantages": "3.3.1*",
    "policy/sharing": "3.3.1*",
    "policy/extensions": "3.2.4*",
    "policy": "3.2*",
    "rewards/verifiable": "3.1.1",
    "rewards/generative": "3.1.2",
    "rewards/dense": "3.1.3",
    "rewards/unsupervised": "3.1.4",
    "rewards/shaping": "3.1.5",
    "sampling/dynamic": "3.3.1",
    "sampling/structured": "3.3.1",
    "sampling/exploration": "3.3.1",
    "sampling/replay": "3.3.1",
    "sampling/schedules": "3.3.2*",
    "sampling": "3.3*",
    "evaluation": "none*",
}
LATEST = "2509"  # year and month of the survey


def section(method: Method) -> str:
    """The section; in brackets for a paper that is later than the survey."""
    path = "/".join(method.file.with_suffix("").parts[1:]).removesuffix("/__init__")
    found = next(_SECTIONS[part] for part in _upwards(path.split("/")) if part in _SECTIONS)
    later = all(_later(paper) for paper in method.titles)
    return f"({found})" if later else found


def _later(paper: str) -> bool:
    month = paper.partition(".")[0]
    return LATEST < month < "90"  # 9x: the last century


def _upwards(parts: Sequence[str]) -> list[str]:
    return ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]
