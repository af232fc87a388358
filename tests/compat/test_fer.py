"""A program made for fer would break on an answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import pytest

from mimika.compat.fer import FER, Video
from mimika.data.errors import InputMissing, OptionError
from tests.films import FACE_BOX, grey_portrait, portrait, write_film

BGR = np.ascontiguousarray(portrait()[..., ::-1])
EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def test_faces_have_fers_keys_and_shares() -> None:
    detector = FER(mtcnn=True)
    (face,) = detector.detect_emotions(BGR)
    assert list(face) == ["box", "emotions"]
    x, y, w, h = face["box"]
    assert (x, y, w, h) == pytest.approx(FACE_BOX, abs=30)
    assert list(face["emotions"]) == EMOTIONS
    assert sum(face["emotions"].values()) == pytest.approx(1, abs=0.04)
    assert detector.top_emotion(BGR) == ("happy", face["emotions"]["happy"])
    assert [len(found) for found in detector.batch_detect_emotions([BGR, BGR[:60, :60]])] == [1, 0]


def test_only_faces_in_given_rectangles_are_told() -> None:
    assert len(FER().detect_emotions(BGR, face_rectangles=[FACE_BOX])) == 1
    assert FER().detect_emotions(BGR, face_rectangles=[(300, 300, 100, 100)]) == []


def test_no_face_is_an_empty_list_and_two_nones() -> None:
    empty = np.full((120, 160, 3), 128, np.uint8)
    assert FER().detect_emotions(empty) == []
    assert FER().top_emotion(empty) == (None, None)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = grey_portrait()[0:256, 98:354]
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4", [picture] * 6)


def test_a_video_gives_fers_rows_and_its_csv(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = Video(str(film)).analyze(FER(), frequency=2)
    assert len(rows) == 3
    assert set(rows[0]) == {"box0", *(f"{name}0" for name in EMOTIONS)}
    table = pandas.read_csv("data.csv")
    assert next(iter(table)) == "box0"
    assert table["happy0"].tolist() == pytest.approx([row["happy0"] for row in rows])


def test_a_video_as_a_pandas_frame_of_the_first_face(film: Path) -> None:
    frame = Video(str(film)).analyze(FER(), output="pandas", max_results=2, detection_box=None)
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == 2
    assert list(frame) == ["box", *EMOTIONS]
    assert "box" not in Video.get_emotions(frame)


def test_what_is_not_offered_is_said(film: Path) -> None:
    with pytest.raises(OptionError, match="overlay"):
        Video(str(film)).analyze(FER(), save_frames=True)
    with pytest.raises(InputMissing):
        Video("nowhere.mp4")
