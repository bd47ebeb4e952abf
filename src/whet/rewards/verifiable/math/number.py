"""Plain numbers with their units, read exactly."""

import re
from dataclasses import dataclass
from fractions import Fraction

from whet.rewards.verifiable.math.normal import bared, tidy, unassigned

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
_SCALES = "dozen|hundred|thousand|[mbtr]+illion|squared|cubed|factorial|pi|mod"  # no units
_UNITS = (
    "degrees?|dollars?|cents?|euros?|pounds?|units?|meters?|metres?|feet|foot|inch|inches|miles?|"
    "mm|cm|dm|km|ft|in|mi|mg|kg|ml|hours?|hrs?|minutes?|mins?|seconds?|secs?|days?|weeks?|months?|"
    "years?|mph|kmh|square|cubic|per|points?|ways?|people|students?|times"
)
_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)(?:"
    rf"(?P<whole>[0-9]+)?\\frac\{{(?P<over>-?[0-9]+)\}}\{{(?P<under>[0-9]+)\}}"
    rf"|(?P<base>{_DIGITS})(?:"
    rf"/(?P<slash>[0-9]+)"
    rf"|\^(?:\{{(?P<raised>-?[0-9]{{1,4}})\}}|(?P<power>[0-9]{{1,4}}))"
    rf"|(?:\\times|\\cdot|\*)10\^(?:\{{(?P<tens>[-+]?[0-9]{{1,3}})\}}|(?P<ten>[0-9]{{1,3}}))"
    rf")?)"
    rf"(?:(?P<percent>%| percent|\\text\{{ ?percent\}})"
    rf"|(?P<unit>\\degree"
    rf"|\\(?:text|mathrm)\{{(?![^{{}}]*\b(?:{_SCALES})\b)[A-Za-z./ ]+\}}(?:\^(?:[23]|\{{[23]\}}))?"
    rf"| (?:{_UNITS})(?: (?:{_UNITS}))*))?"
)
_MAGNITUDES = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_SCALED = re.compile(
    rf"(?P<count>.*?)(?:\\(?:text|mathrm)\{{ ?(?P<set>)|\s)"
    rf"(?P<scale>{'|'.join(_MAGNITUDES)})(?(set)\}})"
)
_LONGEST = 4000  # characters: Python reads integers of up to 4300 digits
_BITS = 10_000  # of the largest power that is computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A value with its unit; a decimal may be rounded."""

    value: Fraction
    decimal: bool = False
    unit: str = ""

    def agrees(
        self, answer: "Number", tolerance: float = 0.0, absolute: Fraction = Fraction(0)
    ) -> bool:
        """Whether `answer` is this number.  A unit may be missing, but two units must be equal.

        If one of the two is a decimal and this number is no integer, the tolerance is min(10⁻⁶, |a|
        / 1000).  A `tolerance` from the task widens it to |a − b| ≤ tolerance · |a|, and `absolute`
        to |a − b| ≤ absolute.
        """
        if self.unit and answer.unit and self.unit != answer.unit:
            return False
        margin = max(Fraction(tolerance) * abs(self.value), absolute)
        if (self.decimal or answer.decimal) and self.value.denominator > 1:
            margin = max(margin, min(Fraction(1, 10**6), abs(self.value) / 1000))
        return abs(self.value - answer.value) <= margin


def number(text: str) -> Number | None:
    r"""The number that a text is; None for other text, or for what has yet to be computed.

    It reads integers, decimals, thousands, fractions, mixed numbers, powers of integers, a·10^b,
    percent (50\% is ½), and dozens, hundreds, thousands or millions.  It does not read sums,
    products or roots: `2+3` restates a problem and is no answer.
    """
    if len(text) > _LONGEST:
        return None
    written = bared(unassigned(bared(tidy(text)))[1])
    scaled = _SCALED.fullmatch(written)
    match = _NUMBER.fullmatch(scaled["count"] if scaled else written)
    if match is None or (scaled and (match["percent"] or match["unit"])):
        return None
    value = _value(match)
    if value is None:
        return None
    value = value / 100 if match["percent"] else value
    value = value * _MAGNITUDES[scaled["scale"]] if scaled else value
    return Number(
        value=-value if match["sign"] == "-" else value,
        decimal="." in (match["base"] or ""),
        unit=_unit(match["unit"] or ""),
    )


def _value(match: re.Match[str]) -> Fraction | None:
    if match["base"] is None:
        under = int(match["under"])
        return Fraction(int(match["over"]), under) + int(match["whole"] or 0) if under else None
    base = Fraction(match["base"].replace(",", ""))
    power = match["raised"] or match["power"]
    if power is not None:
        return _power(base, int(power))
    if match["slash"] is not None:
        return base / int(match["slash"]) if int(match["slash"]) else None
    return base * Fraction(10) ** int(match["tens"] or match["ten"] or 0)


def _power(base: Fraction, power: int) -> Fraction | None:
    size = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(power)
    if size > _BITS or (not base and power < 0):
        return None
    return base**power


def _unit(written: str) -> str:
    """The name of a unit without LaTeX and plural; degrees in one spelling."""
    name = re.sub(r"\\(?:text|mathrm)|[\\{} ]", "", written).lower().removesuffix("s")
    return {"inche": "inch", "feet": "foot", "metre": "meter"}.get(name, name)
