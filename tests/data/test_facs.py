"""FACS letters, codes and asymmetry: a coder would read another movement, or the wrong side of the face."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.facs import UNIT_PLACES, asymmetry, by_name, codes, letters, mean_asymmetry, sides_of
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS

SMILE, CHEEK, PART = (ACTION_UNITS.index(unit) for unit in ("AU12", "AU6", "AU25"))


def face(**units: tuple[float, float]) -> np.ndarray:
    """Return (1, 23, 2) units, zero where not told."""
    values = np.zeros((1, len(ACTION_UNITS), 2), np.float32)
    for unit, both in units.items():
        values[0, ACTION_UNITS.index(unit)] = both
    return values


def test_letters_follow_the_facs_manual_and_an_unmeasured_unit_has_none():
    assert letters(np.array([0, 0.4, 0.6, 1.6, 2.6, 3.6, 5, np.nan])).tolist() == ["", "", "A", "B", "C", "D", "E", ""]


def test_asymmetry_has_the_sign_of_the_stronger_side_and_ignores_traces():
    units = face(AU1=(4, 2), AU2=(0, 3), AU4=(0.2, 0.1))
    assert asymmetry(units)[0, :4] == pytest.approx([0.5, -1, 0.1, 0])


def test_names_lead_to_the_side_that_they_name():
    units = face(AU12=(3, 1), AU25=(2, 2))
    named = by_name(units)
    assert len(named) == len(UNIT_PLACES) == len(ACTION_UNITS) + len(SIDED_UNITS)
    assert (named["AU12_l"][0], named["AU12_r"][0], named["AU25"][0]) == (3, 1, 2)
    assert sides_of(units)["AU12"][0] == pytest.approx(2 / 3)
    assert list(sides_of(units)) == list(SIDED_UNITS)


@pytest.mark.parametrize(
    ("units", "code"),
    [
        ({}, "0"),
        ({"AU6": (2, 2), "AU12": (4, 4), "AU25": (1, 1)}, "6B+12D+25A"),
        ({"AU12": (4, 3), "AU14": (0, 2)}, "L12D+R12C+R14B"),
        ({"AU43": (5, 0.2)}, "L43E"),
    ],
)
def test_a_code_names_each_unit_with_letter_and_side(units, code):
    assert codes(face(**units)) == [code]


def test_what_was_not_measured_has_no_code():
    assert codes(np.concatenate([face(), np.full((1, 23, 2), np.nan)])) == ["0", None]
    assert codes(np.zeros((0, 23, 2))) == []


def test_mean_asymmetry_counts_the_time_in_which_the_unit_acted():
    units = np.concatenate([face(AU12=(4, 2)), face(AU12=(4, 4)), face(AU12=(0.4, 0)), face(AU12=(np.nan, np.nan))])
    mean = mean_asymmetry(units, np.array([3.0, 1, 99, 99]))
    assert mean[SMILE] == pytest.approx(0.375)
    assert np.isnan(mean[CHEEK])
