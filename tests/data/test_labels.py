"""Labels: if their order changed, every probability column would stand under another expression's name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimika.data.errors import ShapeError
from mimika.data.expressions import Expressions
from mimika.data.labels import FER2013, FERPLUS, LANGUAGES, TRANSLATIONS, UNSURE


def shown(probabilities, unsure_below=0.0):
    return Expressions(np.array([probabilities]), np.zeros((1, 2)), unsure_below)


def test_the_orders_are_those_of_the_data_sets():
    assert FERPLUS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert FER2013 == ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    assert set(FER2013) == set(FERPLUS) - {"contempt"}


@given(st.permutations(range(8)))
def test_the_label_is_the_name_of_the_largest_column(order):
    weights = np.array(order) + 1.0
    expressions = shown(weights / weights.sum())
    assert expressions.labels == [FERPLUS[int(np.argmax(weights))]]
    assert expressions.confidences[0] == pytest.approx(8 / 36)


def test_a_best_probability_below_the_limit_is_unsure():
    close = [0.41, 0.39, 0.1, 0.02, 0.02, 0.02, 0.02, 0.02]
    assert shown(close, unsure_below=0.5).labels == [UNSURE]
    assert shown(close, unsure_below=0.4).labels == ["neutral"]


def test_every_language_names_every_expression_differently():
    assert set(LANGUAGES) == {"en", "ru", "uk", "kk"}
    for names in TRANSLATIONS.values():
        assert set(names) == {*FERPLUS, UNSURE}
        assert len(set(names.values())) == 9


def test_probabilities_of_another_width_are_refused():
    with pytest.raises(ShapeError, match=r"expected shape \(n, 8\), received \(2, 7\)"):
        Expressions(np.zeros((2, 7)), np.zeros((2, 4)))
    with pytest.raises(ShapeError, match="probabilities 2, embeddings 3"):
        Expressions(np.zeros((2, 8)), np.zeros((3, 4)))
    assert Expressions.empty().labels == []
