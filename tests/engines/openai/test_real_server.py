"""A judge behind a server that we didn't write: `transformers serve`, where there is one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "judge_server.py"
SERVE = os.environ.get("WHET_SERVE", "")


@pytest.mark.skipif(
    not SERVE,
    reason="set WHET_SERVE to the `transformers` command of an environment that has "
    "transformers[serving], which is no dependency of ours",
)
@pytest.mark.timeout(500)
def test_a_judge_behind_transformers_serve():
    words = [sys.executable, str(SCRIPT), "--serve", SERVE, "--json"]
    source = str(SCRIPT.parents[1] / "src")
    environment = os.environ | {"PYTHONPATH": source}
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=480)
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    assert [v["score"] for v in told["verdicts"]] == [1, 0, 0]
    assert [v["score"] for v in told["again"]] == [1, 0, 0]
    assert told["verdicts"][0]["parts"]["judge_prompt_tokens"] > 0
    assert [v["parts"]["judge_calls"] for v in told["votes"]] == [3, 3]
    assert [v["fault"] for v in told["after"]] == [True]
