"""The detector stage: geometry of its input and output, and the shipped network on a real face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mimika.data.errors import ModelError
from mimika.data.geometry import iou
from mimika.data.options import Options
from mimika.engine import registry
from mimika.stages.faces.detect import STEP, Detector, decode, prepare, suppress

FACE = np.array([[172.0, 78.0, 88.0, 116.0]])
"""Where the face of the portrait is, by hand: x, y, width, height."""

shipped = pytest.mark.skipif("detect" not in registry.names(), reason="the detect network is not here yet")


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    data = pytest.importorskip("skimage.data")
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(160, 700))
def test_any_picture_fits_the_network_and_is_enlarged_at_most_twofold(height: int, width: int, side: int) -> None:
    batch, scale = prepare(np.zeros((height, width), np.uint8), side)
    assert batch.dtype == np.uint8
    assert batch.shape[2] % STEP == 0
    assert batch.shape[3] % STEP == 0
    assert max(batch.shape) < side + STEP
    assert (scale * (width, height) <= np.maximum(1, 2 * np.array([width, height]))).all()


def test_large_pictures_keep_their_proportions_and_their_light() -> None:
    picture = np.full((3000, 4000), 90, np.uint8)
    batch, scale = prepare(picture, 640)
    assert batch.shape == (1, 1, 480, 640)
    assert np.allclose(scale, 0.16)
    assert np.all(batch == 90)


def test_cells_are_read_in_the_order_of_the_network() -> None:
    count = 8 * 12 + 4 * 6 + 2 * 3
    scores, shapes = np.zeros(count, np.float32), np.zeros((14, count), np.float32)
    coarse = 8 * 12 + 4 * 6 + 4  # stride 32, second row, second column
    scores[coarse], shapes[2:4, coarse] = 0.8, np.log(1.5)
    scores[13] = 0.6  # stride 8, second row, second column
    boxes, points, found = decode(scores, shapes, (64, 96), 0.5)
    assert np.allclose(found, [0.8, 0.6])
    assert np.allclose(boxes, [[24, 24, 48, 48], [8, 8, 8, 8]])
    assert np.allclose(points[:, 2], [[48, 48], [12, 12]])


def test_one_box_is_kept_for_each_face() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [40, 0, 10, 10], [41, 1, 10, 10]], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.75], np.float32)
    assert suppress(boxes, scores).tolist() == [0, 3]
    assert suppress(boxes[:0], scores[:0]).tolist() == []


@shipped
@pytest.mark.parametrize("factor", [0.25, 0.5, 1.0, 2.3])
def test_a_face_is_found_where_it_is_at_any_size(portrait: NDArray[np.uint8], factor: float) -> None:
    picture = cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    faces = Detector(Options()).detect(picture)
    assert len(faces) == 1
    assert iou(faces.boxes, FACE * factor)[0, 0] > 0.6
    right_eye, left_eye, nose, right_mouth, left_mouth = faces.points[0] / factor
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@shipped
def test_two_faces_give_two_boxes_and_the_limit_keeps_the_best(portrait: NDArray[np.uint8]) -> None:
    dim = (portrait * 0.4).astype(np.uint8)
    both = np.hstack([portrait, dim])
    faces = Detector(Options()).detect(both)
    overlap = iou(np.concatenate([FACE, FACE + (512, 0, 0, 0)]), faces.boxes)
    assert len(faces) == 2
    assert (overlap.max(1) > 0.5).all()
    assert np.all(np.diff(faces.scores) <= 0)
    assert len(Detector(Options(faces_max=1)).detect(both)) == 1


@shipped
@pytest.mark.parametrize("shape", [(480, 640), (1, 1), (1, 700), (5, 3)])
def test_nothing_is_found_where_nothing_is(shape: tuple[int, int]) -> None:
    faces = Detector(Options()).detect(np.full(shape, 127, np.uint8))
    assert len(faces) == 0
    assert faces.points.shape == (0, 5, 2)


@shipped
def test_an_empty_picture_has_no_faces() -> None:
    assert len(Detector(Options()).detect(np.zeros((0, 10), np.uint8))) == 0


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ModelError):
        Detector(Options(), "no-such-network")
