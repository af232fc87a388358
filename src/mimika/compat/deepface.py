"""deepface's `analyze` with mimika behind it: the same arguments, the same answers, for expressions.

Source: deepface 0.0.9x, `DeepFace.analyze` and its documented answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mimika.compat.faces import NAMES, Image, analysed, shares, whole_boxes
from mimika.data.errors import OptionError
from mimika.data.observation import Observation

__all__ = ["FaceNotDetected", "analyze"]

ACTIONS = ("emotion", "age", "gender", "race")
_LEFT_EYE, _RIGHT_EYE = 473, 468


class FaceNotDetected(ValueError):
    """No face was found; a ValueError, as in deepface."""


def analyze(
    img_path: Image,
    actions: str | Sequence[str] = ("emotion",),
    enforce_detection: bool = True,
    detector_backend: str = "mimika",
    align: bool = True,
    expand_percentage: int = 0,
    silent: bool = False,
    anti_spoofing: bool = False,
) -> list[dict[str, Any]] | list[list[dict[str, Any]]]:
    """Return one dictionary a face, as `DeepFace.analyze` does; a list of them for a list of pictures.

    `img_path`: a path, a BGR or grey array, a base64 text (`data:image/…;base64,…`), an open binary file, or a list of
    those. Each dictionary has "emotion" (percentages 0..100 that sum to 100 of angry, disgust, fear, happy, sad,
    surprise, neutral; contempt is left out of account), "dominant_emotion", "region" (x, y, w, h in pixels, left_eye
    and right_eye of the subject) and "face_confidence" 0..1. `enforce_detection`: a picture without a face is an error;
    without it, the answer is one face as large as the picture, with equal shares. `detector_backend`, `align`,
    `expand_percentage` and `silent` are taken and change nothing: mimika finds and aligns faces in its own way.

    >>> analyze("portrait.jpg")[0]["dominant_emotion"]
    'happy'

    Raises:
        OptionError: for actions other than emotion, which mimika does not do on purpose, and for `anti_spoofing`.
        FaceNotDetected: if there is no face, unless `enforce_detection` is off.
        InputError: if a picture cannot be read.
    """
    emotion_only(actions, anti_spoofing)
    if isinstance(img_path, list) or (isinstance(img_path, np.ndarray) and img_path.ndim == 4 and len(img_path) > 1):
        return [_faces(one, enforce_detection) for one in img_path]
    return _faces(img_path, enforce_detection)


def emotion_only(actions: str | Sequence[str], anti_spoofing: bool) -> None:
    """Refuse what mimika does not do on purpose.

    Raises:
        OptionError: for actions other than emotion, and for `anti_spoofing`.
    """
    wanted = (actions,) if isinstance(actions, str) else tuple(actions)
    unknown = [action for action in wanted if action not in ACTIONS]
    if unknown or not wanted:
        raise OptionError(
            f"actions: expected a choice of {', '.join(ACTIONS)}, received {', '.join(unknown) or 'none'}"
        )
    others = [action for action in wanted if action != "emotion"]
    if others:
        raise OptionError(f"actions: mimika does not guess {', '.join(others)}; call it with actions=('emotion',)")
    if anti_spoofing:
        raise OptionError("anti_spoofing: mimika does not tell photos of faces from faces")


def _faces(image: Image, enforce_detection: bool) -> list[dict[str, Any]]:
    return answers(analysed(image), enforce_detection)


def answers(observation: Observation, enforce_detection: bool = True) -> list[dict[str, Any]]:
    """Return what `analyze` answers for a picture that is analysed already.

    Raises:
        FaceNotDetected: if there is no face, unless `enforce_detection` is off.
    """
    if len(observation):
        return [_face(observation, row, share) for row, share in enumerate(shares(observation))]
    if enforce_detection:
        name = observation.frame.source or "the picture"
        raise FaceNotDetected(f"Face could not be detected in {name}. Consider to set enforce_detection to False.")
    height, width = observation.frame.luma.shape
    region = {"x": 0, "y": 0, "w": width, "h": height, "left_eye": None, "right_eye": None}
    return [_answer(dict.fromkeys(NAMES.values(), 1 / len(NAMES)), "neutral", region, 0.0)]


def _face(observation: Observation, row: int, share: dict[str, float]) -> dict[str, Any]:
    x, y, width, height = whole_boxes(observation)[row]
    mesh = observation.measurements.meshes[row]
    eyes = {
        name: (round(float(mesh[point, 0])), round(float(mesh[point, 1])))
        for name, point in (("left_eye", _LEFT_EYE), ("right_eye", _RIGHT_EYE))
    }
    region = {"x": x, "y": y, "w": width, "h": height, **eyes}
    dominant = max(share, key=lambda name: share[name])
    return _answer(share, dominant, region, round(float(observation.measurements.presence[row]), 2))


def _answer(share: dict[str, float], dominant: str, region: dict[str, Any], confidence: float) -> dict[str, Any]:
    return {
        "emotion": {name: 100 * value for name, value in share.items()},
        "dominant_emotion": dominant,
        "region": region,
        "face_confidence": confidence,
    }
