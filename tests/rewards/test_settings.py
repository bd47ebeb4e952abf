"""What a user may set is public: it can be imported by a name without underscores."""

import pytest

from whet.cli.explain.choices import choices, public

CLASSES = {kind for choice in choices() for kind in choice.classes}


@pytest.mark.parametrize("kind", sorted(CLASSES, key=str), ids=lambda kind: kind.__name__)
def test_a_setting_is_public_and_says_what_it_is(kind):
    assert not any(part.startswith("_") for part in (*public(kind).split("."), kind.__name__))
    assert len((kind.__doc__ or "").split()) > 3


def test_an_interface_lists_its_implementations():
    held = {choice.title: {kind.__name__ for kind in choice.classes} for choice in choices()}
    assert held["Cuts"] == {"Separated", "Surprises"}
    assert held["Extractor"] == {"Announced", "Labels", "Marked", "LastLine", "WholeReply"}
    assert {"Bubblewrap", "Landlock", "Safest", "Unsafe"} == held["Sandbox"]
    takers = {choice.title: choice.taken_by for choice in choices()}
    assert takers["Scale"] == ["pointwise.scale"]
