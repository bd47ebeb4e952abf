r"""One spelling for each sign of mathematical text: LaTeX, Unicode, HTML and plain text alike.

Text that LaTeX sets upright as words stands in double quotes afterwards, so that `5\text{ m}` and
`5m` stay apart; `⟪⟫` are the braces of a set, and `⇒` is any arrow.
"""

import html
import re
import unicodedata
from functools import lru_cache

from whet.rewards.verifiable.math.units import named

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣʸᵏᵐᵗⁱ", "0123456789+-nxykmti")  # noqa: RUF001
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SETS = str.maketrans(dict(zip("ℝℤℕℚℂ", ("\\R", "\\Z", "\\N", "\\Q", "\\C"), strict=True)))
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑﹣", "-"),  # noqa: RUF001
        **dict.fromkeys("×·⋅∙∗", "*"),  # noqa: RUF001
        **dict.fromkeys("÷⁄∕", "/"),  # noqa: RUF001
        **dict.fromkeys("′‵’ʹ", "'"),  # noqa: RUF001
        "″": "''", "⩽": "≤", "⩾": "≥", "≦": "≤", "≧": "≥", "∶": ":", "،": ",", "、": ",",  # noqa: RUF001
        **dict.fromkeys("→⇒⟹⟶⇔⟺", "⇒"),
        "∧": " and ", "∨": " or ", "≅": "≈", "≃": "≈", "⟨": "⟨", "〈": "⟨", "〉": "⟩", "；": ";",  # noqa: RUF001
        "∛": r"\sqrt[3]", "∜": r"\sqrt[4]", "…": "...", "º": "°", "˚": "°", "“": '"', "”": '"',
        "∖": "∖", "µ": "μ", "⦅": "(", "⋯": "...", "ϕ": "φ", "\u2062": "*",  # noqa: RUF001
    }
)  # fmt: skip
_LETTERS = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon",
    "phi", "chi", "psi", "omega",
]  # fmt: skip
_GREEK = {name: chr(code) for code, name in enumerate(_LETTERS, 0x3B1)}
_NAMED = _GREEK | {
    "uppi": "π", "varphi": "φ", "vartheta": "θ", "varepsilon": "ε", "Delta": "Δ", "Omega": "Ω",
    "Gamma": "Γ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Theta": "Θ", "Pi": "Π",
    "le": "≤", "leq": "≤", "leqslant": "≤", "leqq": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥",
    "geqq": "≥", "lt": "<", "gt": ">", "ne": "≠", "neq": "≠", "approx": "≈", "simeq": "≈",
    "cong": "≈", "doteq": "≈", "equiv": "≡", "in": "∈", "cup": "∪", "cap": "∩", "setminus": "∖",
    "smallsetminus": "∖", "backslash": "∖", "infty": "∞", "emptyset": "∅", "varnothing": "∅",
    "pm": "±", "mp": "∓", "cdot": "*", "times": "*", "ast": "*", "div": "/", "colon": ":",
    "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "Vert": "|", "lbrace": "⟪", "rbrace": "⟫",
    "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "lbrack": "[", "rbrack": "]", "prime": "'", "land": " and ", "wedge": " and ", "lor": " or ",
    "vee": " or ", "ldots": "...", "dots": "...", "cdots": "...", "dotsc": "...", "to": "⇒",
    "rightarrow": "⇒", "Rightarrow": "⇒", "implies": "⇒", "iff": "⇒", "longrightarrow": "⇒",
    "Leftrightarrow": "⇒", "Longrightarrow": "⇒", "circ": "°", "degree": "°", "deg": "°",
    "mapsto": "↦", "euro": "€",
    "pounds": "£", "textdegree": "°", "textdollar": "$", "mathdollar": "$", "therefore": "",
    "quad": " ", "qquad": " ", "enspace": " ", "thinspace": " ", "newline": " ", "hfill": " ",
    "displaystyle": "", "checkmark": "", "blacksquare": "", "qed": "", "textstyle": "",
    "limits": "", "middle": "", "left": "", "right": "",
    "big": "", "Big": "", "bigg": "", "Bigg": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "",
    "biggl": "", "biggr": "", "mathopen": "", "mathclose": "", "mathrel": "", "mathbin": "",
    "bf": "", "rm": "", "strut": "", "lang": "⟨", "rang": "⟩", "perthousand": "‰", "square": "",
    "arccos": r"\arccos", "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac",
    "dbinom": r"\binom", "tbinom": r"\binom", "imath": "i", "ell": "l", "percent": "%",
}  # fmt: skip
_STYLES = ("<font>", "<circle>", "<square>", "<compat>")
_UNIT_THEN = re.compile(r"^([A-Za-z°μ/]{1,14})\s*[,;]\s*(.+)$")  # `m, width`
_SYMBOL = 2  # letters of a symbol such as `AB`, at most
_NO_DIGIT = 0xE100  # in a private area of Unicode
_QUOTE = re.compile(r'"')
_SPACE = re.compile(r"(?<![\w])\s+|\s+(?![\w])")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_WORDED = re.compile(
    r"\\(?:text|textrm|texttt|mathtt|textnormal|textsf|textup|mathrm|mathsf|mbox|operatorname\*?|mathit|textit|"
    r"textbf|mathbf|boldsymbol|bm|emph|mathcal|rm)(?![A-Za-z])\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}"
    r"|([A-Za-z0-9]))"
)
_VECTOR = re.compile(
    r"\\(?:hat|vec|overrightarrow)\s*\{?\s*(?:\\(?:mathbf|imath|jmath)?\s*\{?)?([ijk])\}*"
    r"|\\(?:mathbf|boldsymbol|bm)\s*\{?\s*([ijk])\s*\}?(?![A-Za-z])"
)
_UPRIGHT = {"e", "i", "d", "π", "ln", "log", "lg", "sin", "cos", "tan", "cot", "sec", "csc",
"exp", "cis"} | {
    "arcsin", "arccos", "arctan", "gcd", "lcm", "max", "min", "sqrt", "sinh", "cosh", "tanh", "pi"
}  # fmt: skip
_EARLY = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"^\s*~\s*(?=[$\d])(?!.*~)", "≈"),
        (r"[✅✓✔\ufe0f\U0001f300-\U0001faff]", ""),  # a tick or a picture behind an answer
        (r"<sup>(.*?)</sup>", r"^{\1}"),
        (r"<sub>(.*?)</sub>", r"_{\1}"),
        (r"</?(?:b|i|em|strong|span|p|br|u|code|mark)\s*/?>", " "),
        (r"^\s*[➡►▶→⇒➜∴]\s*", ""),
        (r"\\([ij])math(?![a-z])", r"\1"),
        (r"\(\s*([-−]?[\d./]+)\s*\|\s*([-−]?[\d./]+)\s*\)", r"(\1, \2)"),  # noqa: RUF001
        (r"\b(?:US|R|AU?|CA?|NZ|HK)\s*\\?\$(?=[\s}]*\d)", r"\\$"),
        (r"\+\s?/\s?[-−]|\+-(?=\s*[\d\\(s])", "±"),  # noqa: RUF001
        (r"(?<=\d)\s*[xX]\s*10\s*(?=\^|\*\*)", "*10"),
        (r"(?<=\d)\s*\^?\{?\s*\\(?:text|mathrm|textrm)\{\s*(?:st|nd|rd|th)\s*\}\s*\}?", ""),
        (r"\^\{?(\d+)\}?\s*(?:\\[!,]\s*)*/\s*(?:\\[!,]\s*)*_\{?(\d+)\}?", r"\\frac{\1}{\2}"),
        (r"\\(?:left|right)\s*\.", ""),
        (r"\{\s*\}(?=\s*\^)", ""),
        (r"\{\s*([-+])\s*\}", r"\1"),
        (
            r"\\begin\{(aligned|align\*?|gathered|split|equation\*?)\}(.*?)\\end\{\1\}",
            lambda m: (
                re.sub(r"\\\\\s*(?!&?\s*=)", ", ", m[2]).replace("\\\\", " ").replace("&", " ")
            ),
        ),
        (r"^([^{}]+?)\\over(?![a-z])\s*([^{}]+)$", r"\\frac{\1}{\2}"),
        (
            r"\\(?:color|textcolor)\s*\{[^{}]*\}|\\(?:underline|tiny|small|normalsize)(?![A-Za-z])",
            " ",
        ),
        (r"\\(?:[lL]arge|LARGE|[hH]uge)(?![A-Za-z])|\\$", " "),
        (r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣʸᵏᵐᵗⁱ]+)", lambda m: "^{" + m[1].translate(_SUPERSCRIPTS) + "}"),
        (
            r"(?<=\d)\s*\\(?:mathrm|text|rm)\{\s*[eE]\s*\}\s*(?:\{\s*([-+]?\d+)\s*\}|([-+]\d+))",
            r"e\1\2",
        ),
        (r"(?<=\d)\s*\\(?:mathrm|text|rm)\{\s*[eE]\s*([-+])\s*\}\s*(?=\d)", r"e\1"),
        (r"([₀₁₂₃₄₅₆₇₈₉]+)", lambda m: "_{" + m[1].translate(_SUBSCRIPTS) + "}"),
    )
)
_LATE = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"<=(?!>)", "≤"),
        (r">=", "≥"),
        (r"(?<![\d)}])\s*!=", "≠"),
        (r"(?<=\d),\\!\s*(?=\d{3}(?!\d))", "{,}"),
        (r"\\\\(?:\[[^\]]*\])?(?![a-zA-Z]{2})", "\ue001"),
        (r"\\%", "%"),
        (r"\\([$#&_])", r"\1"),
        (r"\\\{", "⟪"),
        (r"\\\}", "⟫"),
        (r"\\[,;:! ]|~", " "),
        (r"\\[hv]space\*?\{[^{}]*\}|\\phantom\{[^{}]*\}", " "),
        (r"\\(?:mathbb|Bbb|mathbf|bf)\s*\{?\s*([RZNQC])\s*\}?(?![A-Za-z])", r"\\\1 "),
        (r"\\(?:mathrm|text|textrm|mbox|operatorname)\s*\{\s*(\(?)\s*mod\s*\}", r"\1mod "),
        (r"\\p?mod\s*\{([^{}]*)\}|\(\s*\"?mod\"?\s*([^()]*)\)", r" mod \1\2"),
        (r"\\p?mod\s*(?=[\d\w])|\\bmod\s*|\"mod\"", " mod "),
        (r"\{([^{}]*)\\over(?![a-z])([^{}]*)\}", r"\\frac{\1}{\2}"),
        (r"\{([^{}]*)\\choose(?![a-z])([^{}]*)\}", r"\\binom{\1}{\2}"),
    )
)
_LAST = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"\"?\s*\b(?:negative|minus)\s+infinity\b\s*\"?", "-∞"),
        (r"\"?\s*\b(?:positive |plus )?infinity\b\s*\"?", "∞"),
        (r"^\s*\"?\s*(?:minus|negative)\s*\"?\s*(?=[\d.(\\$])", "-"),
        (r"\\(?:vec|overrightarrow)\s*\{?\s*([A-Za-z])\s*\}?(?![A-Za-z])", r"\1"),
        (r"\{\s*([(\[\])<>=:.⟨⟩])\s*\}", r"\1"),
        (r"(?<=[(\[,\s+-])inf(?:ty)?(?=\s*[,)\]])", "∞"),
        (r"(?<=[)\]])\s*U\s*(?=[(\[])", "∪"),
        (
            r'\\frac\s*\{\s*"([^"{}]*)"\s*((?:\^\s*\{?\d\}?)?)\s*\}\s*\{\s*"([^"{}]*)"'
            r"\s*((?:\^\s*\{?\d\}?)?)\s*\}",
            r' "\1\2/\3\4" ',
        ),
        (r"(?<![\d.,])([1-9]\d?(?:,\d\d)+,\d{3})(?![\d,])", lambda m: m[1].replace(",", "")),
        (r"(\d*\.\d*)\\(?:overline|bar)\s*\{?\s*(\d+)\s*\}?", r"\1(\2)"),
        (r"(\d*\.\d*?)(?:\\dot\s*\{?(\d)\}?)(\d*)(?:\\dot\s*\{?(\d)\}?)", r"\1(\2\3\4)"),
        (r"(\d*\.\d*)\\dot\s*\{?(\d)\}?", r"\1(\2)"),
        (r"(\d*\.\d*?)(\d{1,6}?)\2{2,}+\d{0,5}\s*\.\.\.", r"\1(\2)"),
        (  # a whole bracket of digits and commas is a list
            r"(?<=[(\[⟪])\s*\d{1,3}(?:,\d{3})+\s*(?=[)\]⟫])",
            lambda m: m[0].replace(",", ", "),
        ),
        (r"(?<![\d.])(\d)\{,\}(\d{3})(?=\s*\*\s*10\s*\^)", r"\1.\2"),
        (r"(?<![\d.])([1-9]\d{0,2})((?:\{,\}\d{3})+)(?![\d{])",
        lambda m: m[1] + m[2].replace("{,}", "")),
        (r"(?<=\d)\{,\}(?=\d)", "."),
        (r"(?<![A-Za-z\\\d])([Cck])([1-4])(?![\d.])", r"\1_{\2}"),
        (r"\{,\}", ","),
        (r"(?<![\d.,])([1-9]\d{0,2})((?:,\d{3})+)(?![\d,])", lambda m: m[1] + m[2].replace(",",
        "")),
        (r"(?<![\d.,])(\d{1,3})((?:\.\d{3}){2,})(?![\d.])", lambda m: m[1] + m[2].replace(".", "")),
        (r"(?<=\d)['_ ](?=\d{3}(?!\d))", ""),
        (r"(?<=\d) (?=\d{3}(?!\d))", ""),
        (r"\\(frac|binom)\s*([0-9A-Za-zα-ω])", r"\\\1{\2}"),
        (r"(\\(?:frac|binom)\s*\{[^{}]*\})\s*([0-9A-Za-zα-ω])", r"\1{\2}"),
        (r"√\s*(\d+(?:\.\d+)?|[A-Za-zα-ω])", r"\\sqrt{\1}"),
        (r"√", r"\\sqrt "),
        (r"\\sqrt\s*(\[[^\]]*\])?\s*([0-9A-Za-zα-ω])", r"\\sqrt\1{\2}"),
        (r"\^\s*(?:\{\s*°\s*\}|°)", "°"),
        (r"°\s*\"?\s*([CF])\s*\"?(?![A-Za-z(])", r"°\1"),
        (r"\^\s*\{\s*('+)\s*\}|\^\s*('+)", r"\1\2"),
        (r"_\s*\{\s*\"?(\w+)\"?\s*\}", r"_{\1}"),
        (r"_\s*(\w)", r"_{\1}"),
        (
            r"(?<![\w)}\]])(?:\{\s*\})?\s*[\^_]\s*\{?(\d+)\}?\s*\"?\s*C\s*\"?\s*_\{(\d+)\}",
            r"\\binom{\1}{\2}",
        ),
        (r"\bC\(\s*(\d+)\s*,\s*(\d+)\s*\)", r"\\binom{\1}{\2}"),
        (r"\*\*", "^"),
        (r"(?<![\d.}])(\d+)\s*\\frac\{(\d+)\}\{(\d+)\}", r"(\1+\\frac{\2}{\3})"),
        (r"(?<![\d./*^])(\d+) (\d+)/(\d+)(?![\d/])", r"(\1+\\frac{\2}{\3})"),
        (r"(?<![\w}^_\])])\{([^{}]*[,|∈:][^{}]*|\s*)\}", r"⟪\1⟫"),
        (r"^\s*(?:the )?(\d+)(?:st|nd|rd|th)\s*$", r"\1"),
        (r"(?<=\d)(\.\d+)\s*_\{\s*\"?(?:10|ten)\"?\s*\}", r"\1"),
        (r"(?<!\w)([a-z]) mod (\d+)\s*=\s*(-?\d+)\s*\.?$", r"\1≡\3 mod \2"),
        (r"\s+", " "),
    )
)  # fmt: skip


@lru_cache(maxsize=256)
def spelled(text: str) -> str:
    """The text in one spelling; the signs of a formula around it are dropped."""
    text = html.unescape(text)
    for pattern, to in _EARLY:
        text = pattern.sub(to, text)
    text = "".join(map(_fraction, text.translate(_SETS).translate(_SIGNS)))
    text = "".join(map(_styled, text)) if not text.isascii() else text
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS)
    text = _undollared(text.strip())
    text = _VECTOR.sub(lambda m: {"i": "î", "j": "ĵ", "k": "k\u0302"}[m[1] or m[2]] + " ", text)
    for pattern, to in _LATE:
        text = pattern.sub(to, text)
    for _ in range(3):
        text = _WORDED.sub(_worded, text)
    text = _COMMAND.sub(_named, text)
    for pattern, to in _LAST:
        text = pattern.sub(to, text)
    return text.strip()


def squeezed(text: str) -> str:
    """A spelled text without blanks and quotes that say nothing."""
    text = _QUOTE.sub(" ", text).strip()
    return _SPACE.sub("", text if text.endswith("..") else text.rstrip(".").strip())


def _undollared(text: str) -> str:
    r"""Without the dollars of formulas; one that stands alone or is escaped is money."""
    text = text.replace("\\$", "\ue000")
    text = re.sub(r"^\$+\s+([^$]+?)\s+\$+(\.?)$", r"\1\2", text)  # `$ 5 $`
    text = re.sub(r"\$+(?!\s)([^$]+)(?<!\s)\$+(?!\d)|\$\$([^$]+)\$\$", r" \1\2 ", text)
    text = re.sub(r"\\[()\[\]](?![a-z0-9])", " ", text) if re.search(r"\\\(|\\\[", text) else text
    return text.replace("\ue000", "$")


def _fraction(sign: str) -> str:
    """`½` as a fraction of LaTeX; any other sign as it is."""
    kind, *parts = unicodedata.decomposition(sign).split(" ")
    if kind != "<fraction>":
        return sign
    over, _, under = "".join(chr(int(part, 16)) for part in parts).partition("\N{FRACTION SLASH}")
    return rf"\frac{{{over}}}{{{under}}}" if under else sign


def _styled(sign: str) -> str:
    """A digit of a mathematical alphabet, in a circle or in brackets as a sign that is no digit."""
    kind = unicodedata.decomposition(sign).split(" ")[0]
    if kind not in _STYLES or unicodedata.category(sign) not in ("Nd", "No"):
        return sign
    return chr(_NO_DIGIT + int(unicodedata.numeric(sign)))


def _worded(match: re.Match[str]) -> str:
    """Words in quotes; numbers, single constants and names of functions bare."""
    inner = (match[1] if match[1] is not None else match[2]).strip()
    if inner in _UPRIGHT or not re.search(r"[^\W\d_]", inner):
        return f" {inner} "
    if re.search(r"\d", inner):
        return f" {inner} "
    if (listed := _UNIT_THEN.match(inner)) and named(listed[1]) is not None:
        return f' "{listed[1]}" , "{listed[2]}" '
    command = match[0].startswith((r"\mathbf", r"\boldsymbol", r"\bm", r"\mathit", r"\mathcal"))
    if (command and len(inner) <= _SYMBOL) or "\\" in inner:
        return f" {inner} "
    return f' "{inner}" ' if '"' not in inner else f" {inner} "


def _named(match: re.Match[str]) -> str:
    return _NAMED.get(match[1], match[0])
