"""Valence and arousal: a smile on the unpleasant side, or a calm scream, would turn every curve upside down."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.circumplex import PLACES, valence_arousal
from mimika.data.expressions import Expressions
from mimika.data.labels import FERPLUS


def test_each_expression_alone_lies_where_it_was_placed() -> None:
    assert set(PLACES) == set(FERPLUS)
    places = valence_arousal(np.eye(8))
    for row, name in enumerate(FERPLUS):
        assert places[row] == pytest.approx(PLACES[name])
    assert np.abs(places).max() <= 1


def test_signs_are_those_people_expect() -> None:
    pleasant = {name for name, (valence, _) in PLACES.items() if valence > 0}
    calm = {name for name, (_, arousal) in PLACES.items() if arousal < 0}
    assert pleasant == {"happiness", "surprise"}
    assert calm == {"sadness"}


def test_a_mixture_lies_between_its_parts() -> None:
    half = np.zeros((1, 8), np.float32)
    half[0, [FERPLUS.index("neutral"), FERPLUS.index("happiness")]] = 0.5
    shown = Expressions(half, np.zeros((1, 2), np.float32))
    assert shown.valence == pytest.approx([0.81 / 2])
    assert shown.arousal == pytest.approx([0.51 / 2])


def test_no_face_has_no_valence() -> None:
    nothing = Expressions.empty()
    assert nothing.valence.shape == nothing.arousal.shape == (0,)
