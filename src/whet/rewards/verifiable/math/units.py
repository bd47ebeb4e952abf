"""Units of measurement: their dimensions, and their sizes in SI units."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Size = Fraction | float


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a factor and the powers of its dimensions: km/h is 5/18 of m¹ s⁻¹.

    What is no known unit, such as apples, has its own word as its dimension.
    """

    size: Size = Fraction(1)
    powers: Mapping[str, int] = field(default_factory=dict)

    def __mul__(self, other: "Unit") -> "Unit":
        powers = dict(self.powers)
        for name, power in other.powers.items():
            powers[name] = powers.get(name, 0) + power
        return Unit(self.size * other.size, {name: n for name, n in powers.items() if n})

    def __pow__(self, power: int) -> "Unit":
        return Unit(self.size**power, {name: n * power for name, n in self.powers.items()})

    @property
    def is_known(self) -> bool:
        """Whether each dimension is a physical one, or money."""
        return all(name in _DIMENSIONS for name in self.powers)


_DIMENSIONS = frozenset(
    ["m", "s", "kg", "A", "K", "mol", "cd", "rad", "°", "°C", "°F", "$", "€", "£", "¥", "₹", "%",
     "px", "bit"]
)  # fmt: skip
_BASES = {
    "m": ({"m": 1}, "m meter metre mètre metro metri", 1),
    "g": ({"kg": 1}, "g gram gramme", Fraction(1, 1000)),
    "s": ({"s": 1}, "s second sec seconde secondo secondi segundo sekunde sekunden", 1),
    "A": ({"A": 1}, "A ampere amp", 1),
    "K": ({"K": 1}, "K kelvin", 1),
    "mol": ({"mol": 1}, "mol mole", 1), "L": ({"m": 3}, "L l liter litre", Fraction(1, 1000)),
    "N": ({"kg": 1, "m": 1, "s": -2}, "N newton", 1), "J": ({"kg": 1, "m": 2, "s": -2}, "J joule",
    1),
    "W": ({"kg": 1, "m": 2, "s": -3}, "W watt", 1), "Pa": ({"kg": 1, "m": -1, "s": -2},
    "Pa pascal", 1),
    "V": ({"kg": 1, "m": 2, "s": -3, "A": -1}, "V volt", 1), "C": ({"A": 1, "s": 1}, "C coulomb",
    1),
    "Ω": ({"kg": 1, "m": 2, "s": -3, "A": -2}, "Ω ohm", 1), "Hz": ({"s": -1}, "Hz hertz", 1),
    "F": ({"kg": -1, "m": -2, "s": 4, "A": 2}, "F farad", 1), "T": ({"kg": 1, "s": -2, "A": -1},
    "T tesla", 1),
    "eV": ({"kg": 1, "m": 2, "s": -2}, "eV electronvolt", Fraction("1.602176634e-19")),
    "bit": ({"bit": 1}, "bit", 1), "B": ({"bit": 1}, "byte", 8),
}  # fmt: skip
_PREFIXES = {
    "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12), "h": ("hecto", 2),
    "d": ("deci", -1),
    "c": ("centi", -2), "m": ("milli", -3), "μ": ("micro", -6), "n": ("nano", -9), "p": ("pico",
    -12),
}  # fmt: skip
_DEGREES = re.compile(r"^(?:degrees?|deg)\.?\s+(C|F)(?:elsius|ahrenheit)?$", re.IGNORECASE)
_ARC = re.compile(r"\b(minute|second)s? of arc\b|\barc[- ](?=(?:min|sec))")
_HOURS = re.compile(r"\bwatt[- ]?hours?\b|(?<=kilo)watt[- ]?hours?\b")
_SYMBOL = 2  # letters of a symbol such as `ms`, which is no plural
_DAY = 86400
_OTHERS = {
    "min minute minuto minuti minuten": (60, {"s": 1}),
    "h hr hour heure hora ora ore stunde stunden": (3600, {"s": 1}),
    "d day jour día dia giorno giorni tag tage": (_DAY, {"s": 1}),
    "week wk": (7 * _DAY, {"s": 1}),
    "year yr": (1, {"year": 1}), "month": (1, {"month": 1}),
    "rad radian": (1, {"rad": 1}), "° deg degree": (math.pi / 180, {"rad": 1}),
    "arcminute arcmin": (math.pi / 10_800, {"rad": 1}),
    "arcsecond arcsec": (math.pi / 648_000, {"rad": 1}),
    "rev revolution": (2 * math.pi, {"rad": 1}), "°C celsius": (1, {"°C": 1}), "°F fahrenheit": (1,
    {"°F": 1}),
    "$ dollar USD usd buck": (1, {"$": 1}), "¢ cent": (Fraction(1, 100), {"$": 1}),
    "€ euro EUR": (1, {"€": 1}),
    "£ GBP": (1, {"£": 1}), "¥ yen yuan": (1, {"¥": 1}), "₹ rupee": (1, {"₹": 1}),
    "in inch inche": (Fraction("0.0254"), {"m": 1}), "ft foot feet": (Fraction("0.3048"), {"m": 1}),
    "yd yard": (Fraction("0.9144"), {"m": 1}), "mi mile": (Fraction("1609.344"), {"m": 1}),
    "mph": (Fraction("0.44704"), {"m": 1, "s": -1}), "kmh kph": (Fraction(5, 18), {"m": 1,
    "s": -1}),
    "ha hectare": (10_000, {"m": 2}), "acre": (Fraction("4046.8564224"), {"m": 2}),
    "gal gallon": (Fraction("0.003785411784"), {"m": 3}), "lb lbs pound": (Fraction("0.45359237"),
    {"kg": 1}),
    "oz ounce": (Fraction("0.028349523125"), {"kg": 1}), "t ton tonne": (1000, {"kg": 1}),
    "atm atmosphere": (101_325, {"kg": 1, "m": -1, "s": -2}),
    "bar": (100_000, {"kg": 1, "m": -1, "s": -2}),
    "dozen": (12, {}), "% percent pct percentage": (Fraction(1, 100), {}),
    "‰ permille": (Fraction(1, 1000), {}),
    "cal calorie": (Fraction("4.184"), {"kg": 1, "m": 2, "s": -2}), "ppm": (Fraction(1, 10**6), {}),
    "thousand": (1000, {}), "million": (10**6, {}), "billion": (10**9, {}), "trillion": (10**12,
    {}), "hundred": (100, {}),
}  # fmt: skip
_PIECE = re.compile(
    r"\s*(?:(?P<op>[*/.·]|(?:per|pro|par|por)\b)|(?P<pre>square|cubic|sq|cu)\b\.?|(?P<word>[^\W\d_]+"
    r"|[°$€£¥₹¢%‰](?:[CF]\b)?)"
    r"\.?(?:\s*(?P<post>squared|cubed))?(?:\s*\^\s*\{?\s*\(?(?P<power>[-+]?\d)\)?\s*\}?"
    r"|(?P<low>[-+]?\d))?)"
)


def _table() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for symbol, (powers, words, size) in _BASES.items():
        for sign, (long, tens) in _PREFIXES.items():
            scaled = Unit(Fraction(10) ** tens * size, powers)
            found[sign + symbol] = scaled
            found |= {long + word: scaled for word in words.split() if word[2:]}
        found |= {word: Unit(Fraction(size), powers) for word in words.split()}
    found |= {
        "kcal": Unit(Fraction(4184), {"kg": 1, "m": 2, "s": -2}),
        "ml": found["mL"],
        "cl": found["cL"],
    }
    hour = {"Wh": 1, "watthour": 1, "kWh": 1000, "kilowatthour": 1000, "MWh": 10**6}
    found |= {word: Unit(Fraction(3600 * size), found["J"].powers) for word, size in hour.items()}
    found["dl"] = found["dL"]
    for words, (size, powers) in _OTHERS.items():
        made = Unit(size if isinstance(size, float) else Fraction(size), powers)
        found |= dict.fromkeys(words.split(), made)
    return found


_UNITS = _table()
_LETTERS = frozenset(word for word in _UNITS if len(word) == 1)


def named(word: str) -> Unit | None:
    """The unit of a symbol or of a word in singular or plural; None for any other word."""
    for form in (
        word,
        word.removesuffix("s") if len(word) > _SYMBOL else word,
        word.lower(),
        word.lower().removesuffix("s"),
    ):
        if form in _UNITS and (len(form) > 1 or form == word):
            return _UNITS[form]
    return None


def unit(text: str) -> Unit | None:
    """The unit that a text is: `km/h`, `kg m^2 s^{-2}`, `square metres`; None for any other text.

    One word or several that are no unit are a unit of their own, as `free seats`.
    """
    text = _DEGREES.sub(r"°\1", text.replace('"', " ").strip().strip("."))
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", _HOURS.sub("watthour", _ARC.sub(r"arc\1", text)))
    whole = named(text)
    if whole is not None:
        return whole
    pieces = list(_pieces(text))
    if not pieces:
        return None
    found, sign, before = Unit(), 1, 1
    for op, pre, word, power in pieces:
        if op:
            sign = -1 if op not in ("*", ".", "·") else sign
            continue
        if pre:
            before = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}[pre]
            continue
        known = named(word) or Unit(Fraction(1), {_singular(word): 1})
        found = found * known ** (sign * before * power)
        before = 1
    return found


def _singular(word: str) -> str:
    word = word.casefold()
    return word.removesuffix("s") if len(word) > _SYMBOL + 1 else word


def _pieces(text: str) -> list[tuple[str | None, str | None, str, int]]:
    at, pieces = 0, []
    text = text.replace("(", " ").replace(")", " ")
    while at < len(text.rstrip()):
        match = _PIECE.match(text, at)
        if match is None:
            return []
        post = {"squared": 2, "cubed": 3}.get(match["post"] or "", 1)
        pieces.append(
            (
                match["op"],
                match["pre"],
                match["word"] or "",
                int(match["power"] or match["low"] or post),
            )
        )
        at = match.end()
    return pieces
