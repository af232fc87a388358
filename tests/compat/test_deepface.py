"""A program made for deepface would break on an answer, or take age and gender for measured."""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
import pytest

from mimika.compat import deepface
from mimika.data.errors import InputCorrupt, InputMissing, OptionError
from tests.films import FACE_BOX, portrait

BGR = np.ascontiguousarray(portrait()[..., ::-1])
EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def png() -> bytes:
    return bytes(cv2.imencode(".png", BGR)[1])


def test_an_answer_has_deepfaces_keys_and_percentages() -> None:
    (face,) = deepface.analyze(BGR, actions=["emotion"], detector_backend="retinaface", align=True, silent=True)
    assert list(face) == ["emotion", "dominant_emotion", "region", "face_confidence"]
    assert list(face["emotion"]) == EMOTIONS
    assert sum(face["emotion"].values()) == pytest.approx(100, abs=1e-3)
    assert face["dominant_emotion"] == "happy"
    assert face["emotion"]["happy"] > 50
    assert list(face["region"]) == ["x", "y", "w", "h", "left_eye", "right_eye"]
    assert [face["region"][key] for key in "xywh"] == pytest.approx(FACE_BOX, abs=30)
    # The subject's own: her left eye lies right in the picture.
    assert face["region"]["left_eye"][0] > face["region"]["right_eye"][0]
    assert 0.9 < face["face_confidence"] <= 1
    assert all(isinstance(face["region"][key], int) for key in "xywh")


def test_every_way_to_give_a_picture_gives_the_same_answer(tmp_path) -> None:
    path = tmp_path / "astronaut.png"
    path.write_bytes(png())
    coded = "data:image/png;base64," + base64.b64encode(png()).decode()
    one, *others = deepface.analyze([str(path), BGR, coded, io.BytesIO(png())])
    for other in others:
        assert other[0]["region"] == one[0]["region"]
        assert other[0]["emotion"] == pytest.approx(one[0]["emotion"], abs=0.01)


def test_other_actions_are_refused_and_not_guessed() -> None:
    with pytest.raises(OptionError, match="does not guess age, race"):
        deepface.analyze(BGR, actions=["emotion", "age", "race"])
    with pytest.raises(ValueError, match="mood"):
        deepface.analyze(BGR, actions="mood")
    with pytest.raises(OptionError, match="anti_spoofing"):
        deepface.analyze(BGR, anti_spoofing=True)


def test_a_picture_without_a_face_is_an_error_unless_asked_not_to_be() -> None:
    empty = np.full((120, 160, 3), 128, np.uint8)
    with pytest.raises(ValueError, match="Face could not be detected"):
        deepface.analyze(empty)
    (face,) = deepface.analyze(empty, enforce_detection=False)
    assert face["region"] == {"x": 0, "y": 0, "w": 160, "h": 120, "left_eye": None, "right_eye": None}
    assert face["face_confidence"] == 0
    assert sum(face["emotion"].values()) == pytest.approx(100)


def test_what_is_no_picture_is_said_in_a_line() -> None:
    with pytest.raises(InputMissing, match=r"nowhere\.jpg"):
        deepface.analyze("nowhere.jpg")
    with pytest.raises(InputCorrupt, match="base64"):
        deepface.analyze("data:image/png;base64,????")
    with pytest.raises(InputCorrupt, match="no picture"):
        deepface.analyze(io.BytesIO(b"words"))
