"""The Python door: photos and videos in, results with names and tables out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import MimikaError, ShapeError
from mimika.data.expressions import Expressions
from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.measurements import Measurements
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.timeline import Timeline
from mimika.face import Face, face_of
from mimika.pipeline import Pipeline
from mimika.second import opened
from mimika.tracks import Track, need_pandas, observations

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from PIL import Image

Path = str | os.PathLike[str]

_BATCH_ROWS = 500


class ImageResult:
    """What was found in one photo: a sequence of `Face`, largest first, with the arrays behind them.

    `observation` holds everything; `faces`, `measurements` and `expressions` are its parts, row i of each the same
    face.
    """

    def __init__(self, observation: Observation) -> None:
        self.observation = observation

    @property
    def faces(self) -> Faces:
        """Boxes, scores, points and ids of the faces."""
        return self.observation.faces

    @property
    def measurements(self) -> Measurements:
        """Meshes and head poses of the faces."""
        return self.observation.measurements

    @property
    def expressions(self) -> Expressions:
        """Expression probabilities and embeddings of the faces."""
        return self.observation.expressions

    @property
    def labels(self) -> list[str]:
        """The most likely expression of each face, or "unsure"."""
        return self.observation.expressions.labels

    def __len__(self) -> int:
        return len(self.observation)

    def __getitem__(self, row: int) -> Face:
        return face_of(self.observation, range(len(self))[row])

    def __iter__(self) -> Iterator[Face]:
        return (face_of(self.observation, row) for row in range(len(self)))

    def __repr__(self) -> str:
        frame = self.observation.frame
        count = "no face" if not len(self) else f"{len(self)} face" + "s" * (len(self) > 1)
        head = f"ImageResult: {count} in {frame.source or 'a picture'} ({frame.width}×{frame.height})"
        return "\n  ".join([head, *(repr(face) for face in self)])

    def to_table(self, mesh: bool = False) -> pyarrow.Table:
        """Return one row a face with the columns of the saved files; one with empty face columns if there is none."""
        return _table([self.observation], mesh)

    def to_pandas(self, mesh: bool = False) -> pandas.DataFrame:
        """Return the same as a pandas frame; pandas must be installed."""
        return _pandas(self.to_table(mesh))


class VideoResult:
    """What is found in a video: iterating analyses it frame by frame and gives one `Observation` each.

    Nothing is kept, so that memory stays flat; every iteration, and every table, analyses the video anew, and asks for
    second opinions anew if the options want them and `send_faces` agrees.
    """

    def __init__(self, source: str, options: Options, send_faces: bool = False) -> None:
        self.source, self.options, self._send_faces = source, options, send_faces

    def __iter__(self) -> Iterator[Observation]:
        return observations(self.source, self.options, send_faces=self._send_faces)

    def __repr__(self) -> str:
        return f"VideoResult: {self.source}, analysed when iterated or turned into a table"

    def to_table(self, mesh: bool = False) -> pyarrow.Table:
        """Analyse the whole video; one row a face and frame, and one row without a face for a frame that shows none.

        Raises:
            InputError: if the video cannot be read to its end.
        """
        return _table(self, mesh)

    def to_pandas(self, mesh: bool = False) -> pandas.DataFrame:
        """Return the same as a pandas frame; pandas must be installed."""
        return _pandas(self.to_table(mesh))

    def timelines(self) -> list[Track]:
        """Analyse the whole video; what each face did, in the order of their ids, about 460 bytes a face and frame.

        Micro-expressions are among the episodes, whatever `options.micro` says.

        Raises:
            InputError: if the video cannot be read to its end.
        """
        options = replace(self.options, micro=True)
        seen = observations(self.source, options, pictures=False, send_faces=self._send_faces)
        return [Track(line) for line in Timeline.collect(seen)]


class Analyzer:
    """Analyses many photos and videos with the same options, loading the networks once.

    >>> with Analyzer(Options(faces_max=1)) as analyzer:
    ...     results = [analyzer.image(path) for path in paths]

    `send_faces` agrees that faces are sent to the endpoint that the settings name, where the options ask for second
    opinions; their budget is that of the analyzer, of a video for each time that it is analysed.

    Raises:
        ModelError: if a network is missing or damaged.
        OptionError: if second opinions are asked for and something stands against them; nothing was sent then.
    """

    def __init__(self, options: Options | None = None, send_faces: bool = False) -> None:
        self.options = options if options is not None else Options()
        self._send_faces, self._stack = send_faces, ExitStack()
        self._pipeline: Pipeline | None = Pipeline(self.options)
        self._second = self._stack.enter_context(opened(self.options, send_faces))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the networks; the analyzer cannot be used afterwards."""
        self._pipeline = None
        self._stack.close()

    def image(self, picture: Path | NDArray[np.uint8] | Image.Image) -> ImageResult:
        """Analyse one photo; see `analyze_image`."""
        if self._pipeline is None:
            raise MimikaError("the analyzer is closed")
        seen = self._pipeline.process_photo(_frame(picture, self.options))
        if self._second is None:
            return ImageResult(seen)
        asked = self._second.begin()
        self._second.see(seen, asked, patient=True)
        asked.settle(None)
        return ImageResult(self._second.refine(seen, inquiry=asked))

    def video(self, path: Path) -> VideoResult:
        """Analyse one video; see `analyze_video`."""
        if self._pipeline is None:
            raise MimikaError("the analyzer is closed")
        return VideoResult(os.fspath(path), self.options, self._send_faces)


def analyze_image(
    picture: Path | NDArray[np.uint8] | Image.Image, options: Options | None = None, send_faces: bool = False
) -> ImageResult:
    """Find the faces of one photo, measure them and recognise their expressions.

    `picture`: the path of a photo, a (height, width, 3) RGB or (height, width) grey uint8 array, or a PIL image.
    `send_faces` as for `Analyzer`.

    >>> [face.label for face in analyze_image("portrait.jpg")]
    ['happiness']

    Raises:
        InputError: if the file is missing or is not a photo that can be read.
        ShapeError: if an array has another shape or type.
        ModelError: if a network is missing or damaged.
        OptionError: if second opinions are asked for and something stands against them; nothing was sent then.
    """
    with Analyzer(options, send_faces) as analyzer:
        return analyzer.image(picture)


def analyze_video(path: Path, options: Options | None = None, send_faces: bool = False) -> VideoResult:
    """Analyse a video: iterate over the result, or ask it for a table; `send_faces` as for `Analyzer`.

    >>> analyze_video("talk.mp4").to_table().column("p_happiness")

    Raises (on iterating):
        InputError: if the file is missing or is not a video that can be read.
        ModelError: if a network is missing or damaged.
    """
    return VideoResult(os.fspath(path), options if options is not None else Options(), send_faces)


def _frame(picture: Path | NDArray[np.uint8] | Image.Image, options: Options) -> Frame:
    if isinstance(picture, np.ndarray):
        return _frame_of_array(picture)
    from mimika.stages.capture.photo import PhotoCapture, opaque

    if isinstance(picture, str | os.PathLike):
        with PhotoCapture(picture, options) as capture:
            return next(iter(capture))
    from PIL import ImageOps

    upright = opaque(ImageOps.exif_transpose(picture))
    return replace(_frame_of_array(np.asarray(upright)), source=str(getattr(picture, "filename", "")))


def _frame_of_array(picture: NDArray[Any]) -> Frame:
    wanted = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
    if picture.dtype != np.uint8 or not wanted or 0 in picture.shape:
        raise ShapeError(
            "picture: expected uint8 of shape (height, width, 3) in RGB, or (height, width) in grey, received "
            f"{picture.dtype} {picture.shape}"
        )
    if picture.ndim == 2:
        return Frame(picture)
    colour = np.ascontiguousarray(picture)
    return Frame(np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), np.uint8), color=lambda: colour)


def _table(observations: Iterable[Observation], mesh: bool) -> pyarrow.Table:
    import pyarrow

    from mimika.stages.write.columns import rows
    from mimika.stages.write.parquet import table_schema

    schema = table_schema(mesh)
    waiting: list[dict[str, Any]] = []
    batches: list[pyarrow.RecordBatch] = []
    for observation in observations:
        waiting += rows(observation, mesh)
        if len(waiting) >= _BATCH_ROWS:
            batches.append(pyarrow.RecordBatch.from_pylist(waiting, schema=schema))
            waiting = []
    batches.append(pyarrow.RecordBatch.from_pylist(waiting, schema=schema))
    return pyarrow.Table.from_batches(batches, schema=schema)


def _pandas(table: pyarrow.Table) -> pandas.DataFrame:
    need_pandas()
    return table.to_pandas()
