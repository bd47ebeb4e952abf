"""Every fault is noticed within one step, and its healthy twin never is."""

from pathlib import Path

import pytest
from every_fault import EVERY

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
NUMBERED = [pytest.param(n, fault, id=fault.name) for n, fault in enumerate(EVERY)]


@pytest.mark.full
@pytest.mark.parametrize(("number", "fault"), NUMBERED)
def test_a_fault_is_caught_and_called_by_its_name(number, fault, tmp_path):
    found = fault.broken.outcome(tmp_path, number)
    assert fault.told in found.message
    assert found.steps <= 1


@pytest.mark.full
@pytest.mark.parametrize(("number", "fault"), NUMBERED)
def test_its_healthy_twin_is_left_alone(number, fault, tmp_path):
    assert not fault.healthy.outcome(tmp_path, number).message


def test_the_page_has_a_row_for_every_fault_and_no_other():
    rows = [line for line in PAGE.read_text("utf-8").split("\n") if line.startswith("| ")][2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [f.name for f in EVERY]
