"""The numbers that models are compared by are those that their definitions give, counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mimika.data.errors import OptionError, ShapeError
from mimika.evaluation.scores import answers, score

ABC = ("neutral", "happiness", "surprise")


def sure(*best: int, classes: int = 3, by: float = 0.8) -> np.ndarray:
    """Return probabilities whose best class is each of `best`."""
    rows = np.full((len(best), classes), (1 - by) / (classes - 1), np.float32)
    rows[np.arange(len(best)), best] = by
    return rows


def test_a_hand_counted_table() -> None:
    """Accuracy, F1 and balanced accuracy weigh rare classes as their definitions say."""
    found = score(sure(0, 0, 0, 1, 1, 2), np.array([0, 0, 0, 0, 1, 2]), ABC, ABC)
    assert found["n"] == 6
    assert found["top1"] == pytest.approx(5 / 6, abs=1e-4)
    assert found["confusion"] == [[3, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert found["per_class"]["neutral"] == {"precision": 1.0, "recall": 0.75, "f1": 0.8571, "n": 4}
    assert found["per_class"]["happiness"]["precision"] == 0.5
    assert found["macro_f1"] == pytest.approx((6 / 7 + 2 / 3 + 1) / 3, abs=1e-4)
    assert found["balanced_accuracy"] == pytest.approx((0.75 + 1 + 1) / 3, abs=1e-4)
    low, high = found["top1_ci95"]
    assert 0.3 < low < 5 / 6 < high <= 1
    assert "shared" not in found
    json.dumps(found)


def test_calibration_and_brier_by_hand() -> None:
    """A model that says 80 % and is right half the time is off by 30 points."""
    found = score(sure(0, 1), np.array([0, 0]), ABC, ABC)
    assert found["ece"] == pytest.approx(0.3, abs=1e-4)
    right, wrong = 0.2**2 + 2 * 0.1**2, 0.8**2 + 0.9**2 + 0.1**2
    assert found["brier"] == pytest.approx((right + wrong) / 2, abs=1e-4)


def test_the_coverage_curve_keeps_the_surest_first() -> None:
    """Who looks at the surest half alone sees how good that half is."""
    probabilities = np.concatenate([sure(*[0] * 5, by=0.9), sure(*[0] * 5, by=0.6)])
    found = score(probabilities, np.array([0] * 5 + [1] * 5), ABC, ABC)
    curve = {part["coverage"]: part for part in found["coverage_curve"]}
    assert curve[0.5] == {"coverage": 0.5, "top1": 1.0, "confidence": 0.9}
    assert curve[1.0]["top1"] == 0.5


def test_rows_without_truth_do_not_count() -> None:
    found = score(sure(0, 1, 2), np.array([0, -1, 2]), ABC, ABC)
    assert (found["n"], found["top1"]) == (2, 1.0)
    with pytest.raises(OptionError, match="no labelled picture"):
        score(sure(0), np.array([-1]), ABC, ABC)


def test_a_class_that_the_model_lacks_counts_wrong_and_is_then_left_out() -> None:
    """A seven-class model is not flattered on eight-class data, and not hidden behind the missing class either."""
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    found = score(probabilities, np.array([0, 1, 2]), ABC, ("neutral", "happiness"))
    assert found["top1"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["per_class"]["surprise"]["recall"] == 0
    assert found["shared"]["left_out"] == ["surprise"]
    assert (found["shared"]["n"], found["shared"]["top1"]) == (2, 1.0)


def test_a_class_that_the_data_lack_counts_wrong_and_is_then_left_out() -> None:
    """An eight-class model that sees contempt in seven-class data is wrong; without contempt it may be right."""
    probabilities = np.array([[0.3, 0.1, 0.0, 0.6], [0.1, 0.7, 0.2, 0.0]], np.float32)
    found = score(probabilities, np.array([0, 1]), ABC, (*ABC, "contempt"))
    assert found["top1"] == 0.5
    assert found["confusion_elsewhere"] == [1, 0, 0]
    assert found["shared"]["classes"] == list(ABC)
    assert (found["shared"]["n"], found["shared"]["top1"]) == (2, 1.0)
    assert answers(probabilities, ABC, (*ABC, "contempt")).tolist() == [3, 1]


def test_the_order_of_the_model_s_classes_does_not_matter() -> None:
    found = score(sure(2, 1), np.array([0, 1]), ABC, ("surprise", "happiness", "neutral"))
    assert found["top1"] == 1.0
    assert "shared" not in found


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_a_picture_without_an_answer_is_wrong(nothing: float) -> None:
    """A model that finds no face does not get that picture for free, and never by chance as the first class."""
    probabilities = sure(0, 0)
    probabilities[1] = nothing
    found = score(probabilities, np.array([0, 0]), ABC, ABC, found=np.array([True, False]))
    assert found["top1"] == 0.5
    assert found["confusion_elsewhere"] == [1, 0, 0]
    assert found["found"] == 0.5
    assert found["where_found"] == {"n": 1, "top1": 1.0}
    assert answers(probabilities, ABC, ABC).tolist() == [0, 3]


def test_probabilities_of_another_width_are_refused() -> None:
    with pytest.raises(ShapeError, match="probabilities"):
        score(sure(0, 1), np.array([0, 1]), ABC, (*ABC, "fear"))
