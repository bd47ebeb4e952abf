"""The text of a small study, whole and with a fault."""

from pathlib import Path

RECIPE = Path(__file__).with_name("study_recipe.py")
STUDY = f"""
name = "coins"
claim = "A coin teaches less than the checker."
recipe = "{RECIPE}"
registered = "Everything; nothing was tuned."

[settings]
optimizer.lr = 2e-3

[endpoint]
class = "final_metric"
metric = "length"

[arms.checked]

[arms.coin]
reward = "random"

[arms.constant]
reward = "constant"

[arms.untrained]
steps = 0

[[contrasts]]
name = "gain"
weights = {{ checked = 1, untrained = -1 }}
claim = "higher"
delta = 0.05

[[contrasts]]
name = "less than half"
weights = {{ coin = 1, checked = -0.5, untrained = -0.5 }}
claim = "lower"
delta = 0

[[identities]]
arms = ["constant", "untrained"]

[tiers.full]
seeds = [0, 1]

[tiers.smoke]
seeds = [7, 8]
settings = {{ steps = 1 }}
"""


def written(folder: Path, *changes: tuple[str, str], name: str = "coins.toml") -> Path:
    """The study's file in a folder, with texts replaced; each text has to be there."""
    text = STUDY
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file
