"""At school or at work expressions would be inferred without the ground that the law asks for."""

from __future__ import annotations

import pytest

from mimika.data.errors import OptionError
from mimika.data.purpose import PURPOSES, Purpose


@pytest.mark.parametrize("kind", PURPOSES)
def test_only_school_and_work_need_a_ground(kind: str) -> None:
    assert Purpose(kind).mode == ("action_units" if kind in ("education", "workplace") else "expressions")


@pytest.mark.parametrize("kind", ["education", "workplace"])
def test_a_ground_counts_only_with_a_note(kind: str) -> None:
    assert Purpose(kind, note="because").mode == "action_units"
    assert Purpose(kind, "safety").mode == "action_units"
    assert Purpose(kind, "medical", "  \n").mode == "action_units"
    assert Purpose(kind, "safety", "drowsiness in a crane cab").mode == "expressions"


def test_what_is_not_known_is_refused() -> None:
    for wrong in (
        *({"kind": "fun"}, {"kind": "workplace", "ground": "boss"}, {"kind": "other", "note": "x" * 2001}),
        *({"kind": "other", "declared_at": "today"}, {"kind": "other", "declared_at": "2026-11-21T12:00:00"}),
    ):
        with pytest.raises(OptionError):
            Purpose(**wrong)


def test_it_is_read_back_from_what_is_sent() -> None:
    purpose = Purpose("workplace", "medical", "sleep study", "ann")
    assert Purpose.from_json(purpose.as_json()) == purpose
    assert purpose.as_json()["mode"] == "expressions"
    # A mode that somebody sends is not believed.
    assert Purpose.from_json({"kind": "education", "mode": "expressions"}).mode == "action_units"
    with pytest.raises(OptionError):
        Purpose.from_json({"ground": "medical"})
