"""The names of the metrics that sampling parts log, against the glossary."""

from pathlib import Path

import whet.sampling
from whet.training import glossary

ROOM = Path(next(iter(whet.sampling.__path__)))


def test_every_name_of_the_glossary_stands_in_a_sampling_part():
    """That every logged name has a row is asserted of whole runs with each part."""
    text = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    for metric in glossary.SAMPLING:
        assert metric.unit and metric.says and metric.of
        assert f'"{metric.name.rstrip("*")}' in text, metric.name
