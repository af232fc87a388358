"""If these fail, a test set that was partly trained on passes for a clean one, or clean pictures are called copies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimika.evaluation import duplicates
from mimika.evaluation.datasets import EvaluationSet


def scenes(count, seed):
    """Smooth random pictures, 48 × 48, each another."""
    rng = np.random.default_rng(seed)
    made = [cv2.resize(rng.random((6, 6), np.float32), (48, 48), interpolation=cv2.INTER_CUBIC) for _ in range(count)]
    return [np.clip(picture * 255, 0, 255).astype(np.uint8) for picture in made]


def labelled(pictures, truth, name="set"):
    return EvaluationSet(
        name=name,
        classes=("anger", "fear"),
        truth=np.array(truth),
        names=tuple(map(str, range(len(pictures)))),
        read=lambda row: pictures[row],
    )


def disturbed(picture):
    """The same photo as another site would show it: re-encoded, lighter, a pixel cut off, another size."""
    _, data = cv2.imencode(".jpg", picture[1:, 1:], [cv2.IMWRITE_JPEG_QUALITY, 60])
    again = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return cv2.resize(np.clip(again * 0.8 + 30, 0, 255).astype(np.uint8), (64, 64))


def test_exact_near_and_mirrored_copies_are_found_and_nothing_else():
    known = scenes(300, 0)
    new = [*scenes(100, 1), known[5], disturbed(known[9]), np.ascontiguousarray(disturbed(known[11])[:, ::-1])]
    found = duplicates.find(new, known).best()
    assert found.new.tolist() == [100, 101, 102]
    assert found.known.tolist() == [5, 9, 11]
    assert found.exact.tolist() == [True, False, False]
    assert found.mirrored.tolist() == [False, False, True]
    assert found.rows(len(new)).sum() == 3


def test_counts_tell_same_labels_from_others():
    pictures = scenes(6, 0)
    known = labelled(pictures, [0, 1, 0, 1, 0, -1], "train")
    new = labelled([*scenes(4, 1), pictures[0], disturbed(pictures[1]), pictures[2], pictures[5]], [0] * 8, "test")
    counts = duplicates.summary(duplicates.find(new, known), new, known)
    assert counts["exact"] == {"pictures": 3, "same_label": 2, "different_label": 0, "unlabelled": 1}
    assert counts["near"] == {"pictures": 1, "same_label": 0, "different_label": 1, "unlabelled": 0}
    assert counts["any"]["pictures"] == 4
    assert counts["share"] == 0.5
    assert (counts["set"], counts["known"]) == ("test", "train")


def test_black_pictures_are_copies_of_black_pictures_only():
    black, grey = np.zeros((48, 48), np.uint8), np.full((48, 48), 90, np.uint8)
    found = duplicates.find([black, grey], [*scenes(5, 0), black])
    assert found.new.tolist() == [0]
    assert found.exact.all()


@pytest.mark.parametrize("empty", ["new", "known"])
def test_nothing_against_something_is_nothing(empty):
    pictures = scenes(3, 0)
    found = duplicates.find([] if empty == "new" else pictures, [] if empty == "known" else pictures)
    assert len(found) == 0
    assert not found.rows(3).any()
