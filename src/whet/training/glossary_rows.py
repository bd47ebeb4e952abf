"""The form of a glossary: a row per metric."""

from dataclasses import dataclass

CLOCKS = frozenset({"s", "tokens/s"})
"""Units of measured time, which differ between machines and between repetitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric in the ledger.  A name with `*` stands for several metrics."""

    name: str
    unit: str
    says: str
    of: str  # the denominator: what `of` counts in the ledger's row

    @property
    def clock(self) -> bool:
        """Whether the metric depends on the machine."""
        return self.unit in CLOCKS


def table(*rows: tuple[str, str, str, str]) -> tuple[Metric, ...]:
    """A table of rows: name, unit, meaning and denominator."""
    return tuple(Metric(name=name, unit=unit, says=says, of=of) for name, unit, says, of in rows)
