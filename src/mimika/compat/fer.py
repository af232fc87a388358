"""The interface of the package `fer` with mimika behind it.

Source: fer 25.10, its classes `FER` and `Video`.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mimika.compat.faces import NAMES, Image, analysed, shares, whole_boxes
from mimika.data.errors import InputMissing, OptionError
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.tracks import need_pandas

if TYPE_CHECKING:
    import pandas

__all__ = ["FER", "Video"]

Face = dict[str, Any]


class FER:
    """Finds faces and what they show, as `fer.FER` does.

    All arguments are taken so that programs keep running; they steer the detector of `fer`, and mimika has its own.
    """

    def __init__(
        self,
        cascade_file: str | None = None,
        mtcnn: bool = False,
        tfserving: bool = False,
        use_tflite: bool = True,
        scale_factor: float = 1.1,
        min_face_size: int = 50,
        min_neighbors: int = 5,
        offsets: tuple[int, int] = (10, 10),
    ) -> None:
        self.min_face_size = min_face_size
        self.emotions: list[Face] = []

    def detect_emotions(self, img: Image, face_rectangles: Sequence[Any] | NDArray[Any] | None = None) -> list[Face]:
        """Return `{"box": (x, y, w, h), "emotions": {"angry": 0.0, …}}` for each face, the largest first.

        `img`: a path, a BGR or grey array, or a base64 text. Shares are 0..1, rounded to two digits; contempt is left
        out of account. With `face_rectangles` (x, y, w, h) only faces that lie in one of them are told.

        Raises:
            InputError: if the picture cannot be read.
        """
        found = faces_of(analysed(img))
        if face_rectangles is not None:
            found = [face for face in found if any(_inside(face["box"], place) for place in face_rectangles)]
        self.emotions = found
        return found

    def batch_detect_emotions(self, imgs: Sequence[Image]) -> list[list[Face]]:
        """Return what `detect_emotions` gives for each picture."""
        return [self.detect_emotions(img) for img in imgs]

    def top_emotion(self, img: Image) -> tuple[str | None, float | None]:
        """Return the most likely expression of the largest face and its share, or (None, None)."""
        found = self.detect_emotions(img)
        if not found:
            return None, None
        shown = found[0]["emotions"]
        best = max(shown, key=lambda name: shown[name])
        return best, shown[best]

    @staticmethod
    def _get_labels() -> dict[int, str]:
        return dict(enumerate(NAMES.values()))


class Video:
    """A video whose faces are read frame by frame, as `fer.Video` does.

    Raises:
        InputMissing: if there is no such file.
    """

    def __init__(
        self, video_file: str, outdir: str = "output", first_face_only: bool = True, tempfile: str | None = None
    ) -> None:
        if not os.path.exists(video_file):
            raise InputMissing(str(video_file), "there is no such file")
        self.filepath, self.outdir, self.first_face_only = str(video_file), outdir, first_face_only

    def analyze(
        self,
        detector: FER,
        display: bool = False,
        output: str = "csv",
        frequency: int | None = None,
        max_results: int | None = None,
        save_fps: int | None = None,
        video_id: str | None = None,
        save_frames: bool = False,
        save_video: bool = False,
        annotate_frames: bool = True,
        zip_images: bool = True,
        detection_box: dict[str, int] | None = None,
        lang: str = "en",
        include_audio: bool = False,
        size_multiplier: int = 1,
        batch_size: int = 1,
        use_async_io: bool = True,
    ) -> list[Face] | pandas.DataFrame:
        """Return one row a frame that shows a face: "box0", "angry0", …, "box1", … for each of its faces.

        `output`: "csv" also writes the rows to `data.csv` in the working folder, as `fer` does, and returns them;
        "pandas" returns a frame, of the first face if `first_face_only`. Each `frequency`-th frame is read, or about
        `save_fps` a second, at most `max_results`. `detection_box` has x_min, y_min, x_max, y_max in pixels. mimika
        keeps faces apart over time, so that face 0 of one frame need not be face 0 of the next, as in `fer`.

        Raises:
            OptionError: if frames or a video are to be saved or shown: `mimika analyze --save overlay` does that.
            InputError: if the video cannot be read.
        """
        if display or save_frames or save_video or include_audio:
            raise OptionError(
                "display, save_frames, save_video, include_audio: not here; use mimika analyze --save overlay"
            )
        if output not in ("csv", "pandas"):
            raise OptionError(f"output: expected csv or pandas, received {output!r}")
        options = Options(every=frequency or 1)
        if save_fps is not None:
            options = replace(Options(), fps=float(save_fps))
        rows = [_row(found) for found in self._faces(options, max_results, detection_box) if found]
        if output == "pandas":
            return self.to_pandas(rows)
        return self.to_csv(rows)

    def to_csv(self, data: list[Face], filename: str = "data.csv") -> list[Face]:
        """Write the rows of `analyze`, columns of face 0 first, and return them."""
        names = sorted({name for row in data for name in row}, key=_column)
        with Path(filename).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(data)
        return data

    def to_pandas(self, data: list[Face]) -> pandas.DataFrame:
        """Return the rows of `analyze` as a pandas frame; pandas must be installed."""
        pandas = need_pandas()
        frame = pandas.DataFrame(data)
        if self.first_face_only:
            frame = self.get_first_face(frame)
        return frame

    @staticmethod
    def get_first_face(df: pandas.DataFrame) -> pandas.DataFrame:
        """Return the columns of face 0 without their number."""
        own = [name for name in df.columns if name[-1] == "0" and not name[-2:-1].isdigit()]
        return df[own].rename(columns={name: name[:-1] for name in own}) if own else df

    @staticmethod
    def get_emotions(df: pandas.DataFrame) -> pandas.DataFrame:
        """Return the columns of expressions, without the boxes."""
        return df[[name for name in df.columns if "box" not in name]]

    def _faces(
        self, options: Options, max_results: int | None, detection_box: dict[str, int] | None
    ) -> Iterator[list[Face]]:
        from mimika.stages.capture.inputs import open_capture

        with open_capture(self.filepath, options) as capture:
            for number, observation in enumerate(Pipeline(options).run(capture)):
                if max_results and number >= max_results:
                    return
                found = faces_of(observation)
                if detection_box is not None:
                    place = [detection_box[key] for key in ("x_min", "y_min", "x_max", "y_max")]
                    wide = (*place[:2], place[2] - place[0], place[3] - place[1])
                    found = [face for face in found if _inside(face["box"], wide)]
                yield found


def faces_of(observation: Observation) -> list[Face]:
    """Return the faces of one frame as `fer` tells them, the largest first."""
    told = [
        {"box": np.array(box), "emotions": {name: round(value, 2) for name, value in share.items()}}
        for box, share in zip(whole_boxes(observation), shares(observation), strict=True)
    ]
    return sorted(told, key=lambda face: -int(face["box"][2]) * int(face["box"][3]))


def _row(found: list[Face]) -> Face:
    row: Face = {}
    for number, face in enumerate(found):
        row[f"box{number}"] = face["box"].tolist()
        row |= {f"{name}{number}": value for name, value in face["emotions"].items()}
    return row


def _inside(box: Any, place: Any) -> bool:
    """Whether the middle of a box lies in a place, both x, y, width, height."""
    across, down = box[0] + box[2] / 2, box[1] + box[3] / 2
    return bool(place[0] <= across <= place[0] + place[2] and place[1] <= down <= place[1] + place[3])


def _column(name: str) -> tuple[int, bool, str]:
    """Order columns by the face's number, its box first."""
    match = re.match(r"(\D+)(\d+)$", name)
    stem, number = (match[1], int(match[2])) if match else (name, 0)
    return number, stem != "box", stem
