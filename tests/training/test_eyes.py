"""The eye network's training: if crops and points drifted apart, lids would be learnt beside the eyes."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from mimika.stages.faces.align import mean_face
from mimika.stages.measure.eye_region import EYE_CROP, LEFT_POINTS, eye_matrices
from mimika.training.eyes import MARGIN, Eyes, augmented, eyes_of, fit, opening
from mimika.training.pictures import LabelledFaces

SIDE = EYE_CROP.side + 2 * MARGIN


def drawn(openness):
    """Return a crop of an eye as far open as said, and its points."""
    mesh = 60 * mean_face()[None] + [200, 200, 0]
    matrix = eye_matrices(mesh)[0, 0]
    points = mesh[0, list(LEFT_POINTS), :2] @ matrix[:, :2].T + matrix[:, 2] + MARGIN
    line = points[:16, 1].mean()
    points[:16, 1] = line + openness * (points[:16, 1] - line)
    luma = np.full((SIDE, SIDE), 130, np.uint8)
    cv2.fillPoly(luma, [np.round(points[:16]).astype(np.int32)], 230)
    cv2.polylines(luma, [np.round(points[:9]).astype(np.int32)], False, 40, 1)
    return luma, points.astype(np.float32)


def many(n):
    made = [drawn(share) for share in np.random.default_rng(0).uniform(0.05, 1.6, n)]
    luma, points = np.stack([each[0] for each in made]), np.stack([each[1] for each in made])
    return Eyes(luma, points, np.ones(n, np.float32), np.arange(n) % 4 == 0)


def test_the_network_learns_how_far_an_eye_is_open():
    torch.set_num_threads(1)
    _, agreed = fit(many(240), steps=70, batch=32)
    assert agreed > 0.7


def test_points_move_with_the_crop_that_is_shown():
    eyes = many(6)
    luma, points = torch.from_numpy(eyes.luma).float() / 255, torch.from_numpy(eyes.points)
    shown, wanted = augmented(luma, points, torch.Generator().manual_seed(1))
    assert shown.shape == (6, 1, EYE_CROP.side, EYE_CROP.side)
    moves = (points - wanted)[:, 0]
    assert ((moves >= 0) & (moves <= 2 * MARGIN)).all()
    np.testing.assert_allclose(opening(wanted.numpy()), opening(eyes.points), rtol=1e-4)


def test_both_eyes_of_a_symmetric_face_look_alike_to_the_network():
    mesh = (40 * mean_face() + [100, 110, 0]).astype(np.float32)
    picture = np.full((200, 200), 120, np.uint8)
    for rim in ((362, 386, 263, 374), (133, 159, 33, 145)):
        cv2.fillPoly(picture, [np.round(mesh[list(rim), :2]).astype(np.int32)], 240)
    faces = LabelledFaces(
        picture[None], np.array([[200, 200]], np.int32), mesh[None], np.array([True]), np.array(["a_1.jpg"])
    )
    eyes = eyes_of(faces, mesh[None], np.ones(1, np.float32), 1.0)
    assert eyes.luma.shape == (2, SIDE, SIDE)
    np.testing.assert_allclose(eyes.points[0], eyes.points[1], atol=1.1)
    assert np.abs(eyes.luma[0].astype(int) - eyes.luma[1]).mean() < 12
