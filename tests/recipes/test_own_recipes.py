"""A recipe in a file: found, called, and answered in one line where it can't be."""

import sys
from pathlib import Path

import pytest

from whet import recipes
from whet.training.run import Run
from whet.types import UsageError

SOUND = '''
"""A recipe in a file of its own."""

from whet.recipes.quickstart import quickstart
from whet.training.run import Run


def mine(*, steps: int = 3) -> Run:
    """Another quickstart."""
    from dataclasses import replace

    return replace(quickstart(), steps=steps)
'''
TOP, BODY = "from whet.training.run import Run\n", "def mine() -> Run:\n    "
CALLED = {
    "an exception inside": (BODY + "return 1 / 0", "line 3: ZeroDivisionError"),
    "an import inside": (BODY + "import nowhere_at_all", "line 3 imports 'nowhere_at_all'"),
    "nothing returned": (BODY + "pass", r"mine\(\) returned None; return a Run"),
    "a dictionary returned": (BODY + "return {}", r"mine\(\) returned dict; return a Run"),
    "the class returned": (BODY + "return Run", r"returned type; return a Run"),
    "an assertion without words": (BODY + "assert False", "line 3: AssertionError"),
    "a message of lines": (BODY + "raise OSError('a\\nb')", "line 3: OSError: a b"),
    "a part's own refusal": (
        BODY + "from whet import rewards\n    return rewards.find('mathh')",
        "reward 'mathh' is unknown",
    ),
}  # fmt: skip
FOUND = {
    "a syntax error": ("def mine(:\n", "line 2: .*; mend it"),
    "an unclosed string": ("x = 'a\n", "line 2: unterminated string"),
    "bytes that are no text": (b"x = '\xff'\n", "line|utf-8"),
    "bytes of zero": (b"x = 1\0\n", "null bytes"),
    "a module that is missing": ("import nowhere_at_all\n", "line 2 imports 'nowhere_at_all'"),
    "a part of a module that is missing": (
        "import whet.nowhere\n",
        "line 2 imports 'whet.nowhere'",
    ),
    "a name that a module lacks": ("from json import nothing\n", "line 2: ImportError: cannot"),
    "a name that is not defined": ("x = undefined\n", "line 2: NameError"),
    "an exception": ("raise ValueError('no\\nluck')\n", "line 2: ValueError: no luck"),
    "an exit": ("import sys\nsys.exit(3)\n", "line 3: SystemExit: 3"),
    "no function": ("", r"has no function mine\(\); it defines no function"),
    "a function of another name": (BODY.replace("mine", "other") + "pass", r"it has other\(\)"),
    "a name that is a number": ("mine = 7\n", "mine is no function"),
    "a class": ("class mine:\n    pass\n", "mine is a class"),
    "a coroutine": ("async def mine() -> Run:\n    pass\n", "mine is a coroutine"),
    "a parameter without type": ("def mine(model) -> Run:\n    pass\n", "'model' .* no type"),
    "a parameter by place": ("def mine(m: str, /) -> Run:\n    pass\n", "takes m: str"),
    "parameters without end": ("def mine(*a: str) -> Run:\n    pass\n", r"takes \*a: str"),
    "words without end": ("def mine(**a: str) -> Run:\n    pass\n", r"takes \*\*a: str"),
    "a type that is not defined": ("def mine(a: 'Nope') -> Run:\n    pass\n", "Nope"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("whet_recipe_") or name == "beside":
            del sys.modules[name]


def written(folder, text, name="mine.py"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("case", FOUND)
def test_what_is_no_recipe_is_refused_in_one_line(case, tmp_path):
    text, told = FOUND[case]
    path = written(tmp_path, text if isinstance(text, bytes) else TOP + text)
    with pytest.raises(UsageError, match=told) as caught:
        recipes.find(path)
    assert f"recipe {path!r}" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("case", CALLED)
def test_what_goes_wrong_inside_is_refused_in_one_line(case, tmp_path):
    text, told = CALLED[case]
    make = recipes.find(written(tmp_path, TOP + text))
    with pytest.raises(UsageError, match=told) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_recipe_keeps_its_parameters_and_its_words(tmp_path):
    make = recipes.find(written(tmp_path, SOUND))
    assert isinstance(make(steps=5), Run) and make(steps=5).steps == 5
    assert make.__doc__ == "Another quickstart."
    dashed = recipes.find(written(tmp_path, SOUND.replace("mine", "my_own"), "my-own.py"))
    assert dashed().steps == 3


def test_a_recipe_may_import_what_stands_beside_it(tmp_path):
    written(tmp_path, "STEPS = 4\n", "beside.py")
    text = SOUND.replace("steps=steps", "steps=STEPS").replace(
        "\n\n\ndef", "\nfrom beside import STEPS\n\n\ndef"
    )
    assert recipes.find(written(tmp_path, text))().steps == 4
    written(tmp_path, "import nowhere_to_be_found\n", "beside.py")
    del sys.modules["beside"]
    with pytest.raises(UsageError, match="imports 'nowhere_to_be_found'"):
        recipes.find(written(tmp_path, f"{text}\n# changed, so it is executed again\n"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("quikstart", "did you mean 'quickstart'"),
        ("elsewhere.py", "is not a file"),
        ("no/where", "is not a file"),
        ("folder", "is a folder"),
        ("folder.py", "is a folder"),
        ("notes.txt", "is not a Python file"),
        ("book.ipynb", "is not a Python file"),
    ],
)
def test_names_of_nothing_are_refused(name, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "folder.py"):
        Path(folder).mkdir()
    for file in ("notes.txt", "book.ipynb"):
        Path(file).write_text("x")
    with pytest.raises(UsageError, match=told) as caught:
        recipes.find(name)
    assert f"recipe {name!r}" in str(caught.value)
