"""Recipes, settings files, and the names of runs."""

from wrong_inputs.row import SMALL, Row, for_both, row

RECIPES = [
    *for_both("quikstart", "'quikstart'", "quickstart"),
    row("train elsewhere.py", "elsewhere.py"),
    row("train folder", "folder"),
    row("train folder.py", "folder.py"),
    row("train recipe.txt", "recipe.txt", ".py"),
    row("train ''", "recipe"),
    *for_both("broken_syntax.py", "broken_syntax.py", "line 1"),
    *for_both("broken_import.py", "broken_import.py", "no_such_module"),
    row("train empty.py", "empty.py", "empty()"),
    row("train other_name.py", "other_name()", "another()"),
    row("train other_name.py:third", "third()", "another()"),
    row("train recipe_small.py:Lists", "Lists"),
    row("train returns_none.py", "None"),
    row("train returns_int.py", "int"),
    *for_both("raises.py", "raises.py", "line 2", "missing"),
    row("train exits.py", "exits.py"),
    row("train exits_later.py", "exits_later.py"),
    row("train untyped.py", "'model'", "type"),
    row("train stars.py", "*models"),
    row("train keywords.py", "**models"),
    row("train bad_type.py", "Missing"),
    row("train is_class.py", "is_class"),
    row("train is_value.py", "is_value"),
    row("train is_async.py", "is_async"),
    row("train grown.py", "--count"),
    row("train grown.py --count many", "count", "many"),
    row("train rlvr --data sums.jsonl", "--model"),
    row("train rlvr", "--model", "--data"),
]

CONFIGS = [
    row(f"train {SMALL} --config nowhere.toml", "nowhere.toml"),
    row(f"train {SMALL} --config folder", "'folder'"),
    row(f"train {SMALL} --config", "config"),
    row(f"train {SMALL} --config ''", "config"),
    row(f"train {SMALL} --config latin.jsonl", "latin.jsonl"),
    *for_both(f"{SMALL} --config broken.toml", "broken.toml", "line 2"),
    row(f"train {SMALL} --config unfinished.toml", "unfinished.toml", "line 2"),
    row(f"train {SMALL} --config unknown.toml", "unknown.toml", "stepz"),
    row(f"train {SMALL} --config type.toml", "type.toml", "steps", "many"),
    row(f"train {SMALL} --config table.toml", "table.toml", "max_roundz"),
    row(f"train {SMALL} --config answered.toml", "answered.toml", "use_vllm"),
    row(f"train {SMALL} --config part.toml", "non_zero_spred", "non_zero_spread"),
    row(f"train {SMALL} --config range.toml", "temperature", "-1"),
    row(f"train {SMALL} --config settings.yaml", "settings.yaml", "TOML"),
    row(f"train {SMALL} --config settings.json", "settings.json", "TOML"),
]

NAMES = [
    *[
        Row(("train", SMALL, "--name", name), ("name", *told))
        for name, *told in (
            ("../x", "../x"),
            ("/abs", "/abs"),
            ("",),
            (".",),
            ("..",),
            ("a/b", "a/b"),
            ("a\\b",),
            (" ",),
            ("a\nb",),
            ("a\x1b[2Jb",),
            ("a\x00b",),
            ("n" * 300,),
        )
    ],
    row(f"train {SMALL} --name taken", "runs/taken", "--name"),
    row(f"train {SMALL} --name file", "runs/file", "--name"),
    row(f"train {SMALL} --name x --runs full", "full/x"),
    row(f"train {SMALL} --name x --runs sums.jsonl/runs", "sums.jsonl/runs"),
    row(f"train {SMALL} --runs ''", "runs"),
    row(f"train {SMALL} --name", "name"),
]
