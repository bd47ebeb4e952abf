"""A baseline per role: numbers by hand."""

import pytest

from whet.policy.extensions.role_baseline import RoleBaseline
from whet.types import UsageError


def test_three_rewards_of_one_role():
    found, after = RoleBaseline().through({}, [("g/first", r) for r in (1.0, -1.0, 1.0)])
    assert found == pytest.approx([0, 0.05, -0.0025])
    assert [r - b for r, b in zip((1, -1, 1), found, strict=True)] == pytest.approx(
        [1, -1.05, 1.0025]
    )
    assert after == {"g/first": pytest.approx(-0.0025 * 0.95 + 0.05)}


def test_roles_do_not_mix_and_going_on_is_the_same_as_at_once():
    played = [("g/first", 1.0), ("g/second", -1.0), ("g/first", 0.5), ("g/second", 0.25)]
    whole, end = RoleBaseline(keep=0.5).through({}, played)
    assert whole == [0, 0, 0.5, -0.5]
    one, between = RoleBaseline(keep=0.5).through({}, played[:2])
    two, last = RoleBaseline(keep=0.5).through(between, played[2:])
    assert (one + two, last) == (whole, end)


@pytest.mark.parametrize("keep", [-0.1, 1.0, float("nan")])
def test_what_is_no_share_is_refused(keep):
    with pytest.raises(UsageError, match="RoleBaseline.keep is"):
        RoleBaseline(keep=keep)
