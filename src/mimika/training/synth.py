"""Films of real faces that do what is known: a photo, moved by action units, noisy and compressed, with its truth."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputError, InputUnreadable, OptionError
from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.stages.capture.photo import PhotoCapture
from mimika.stages.measure.action_units import displacements, triangles
from mimika.stages.measure.pose import fit_mean_face, rotation_of
from mimika.stages.write.files import output_error
from mimika.training.synth_plan import FACE_PX, Movement, Recipe, head_motion, intensities, plan
from mimika.training.warps import displaced, move

Array = NDArray[np.float64]
Picture = NDArray[np.uint8]

TRUTH_COLUMNS = (
    *("film", "kind", "label", "units", "side", "onset_s", "apex_s", "offset_s"),
    *("onset_frame", "apex_frame", "offset_frame", "amplitude_px"),
)
_SHARE = FACE_PX / 256
"""Of the film's width that the face takes."""
_SHUT = 5.0
_MACRO_STRONGEST = 4.0
_USUAL_FPS, _FASTEST_FPS = 30.0, 100.0
"""Frame rates at which compression counts, and above which x264 takes no less care of a frame."""


@dataclass(frozen=True, slots=True)
class Film:
    """How films are made: `fps` 25..200 frames/s, `side` pixels, sensor `noise` in grey values, H.264 `crf` 0..51.

    `crf` counts as at 30 frames/s, so that a frame is compressed alike at every frame rate.

    Raises:
        OptionError: if a value is out of range.
    """

    fps: float = 100.0
    side: int = 256
    noise: float = 1.0
    crf: int = 18
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        limits = {"fps": (25, 200), "side": (96, 1024), "noise": (0, 30), "crf": (0, 51)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise OptionError(f"{name}: expected {low}..{high}, received {getattr(self, name)}")
        if self.side % 2:
            raise OptionError(f"side: expected an even number, received {self.side}")


@dataclass(frozen=True, slots=True)
class Sitter:
    """Who moves: a square picture (side, side) luma and the mesh (478, 3) of its face, pixels."""

    name: str
    picture: Picture
    mesh: NDArray[np.float32]


def sitter(photo: Path, side: int, pipeline: Pipeline | None = None) -> Sitter:
    """Find the largest face of a photo and cut it out so that it takes 150/256 of `side` pixels.

    Raises:
        InputError: if the photo cannot be read, or holds no face.
    """
    with PhotoCapture(str(photo)) as capture:
        return sit(next(iter(capture)), side, pipeline or Pipeline(Options(faces_max=1)))


def sit(frame: Frame, side: int, pipeline: Pipeline) -> Sitter:
    """Return the largest face of a picture, cut out as in `sitter`."""
    measured = pipeline.process_photo(frame).measurements
    if not len(measured.meshes):
        raise InputError(frame.source, "shows no face")
    mesh = measured.meshes[0].astype(np.float64)
    low, high = mesh[:468, :2].min(axis=0), mesh[:468, :2].max(axis=0)
    scale = _SHARE * side / (high[0] - low[0])
    matrix = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    matrix[:, 2] = side / 2 - scale * (low + high) / 2
    luma = frame.luma
    if scale < 1:
        # Bilinear reading of a larger picture would alias.
        luma = np.asarray(cv2.GaussianBlur(luma, (0, 0), 0.5 / scale), np.uint8)
    picture = cv2.warpAffine(luma, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mesh *= scale
    mesh[:, :2] += matrix[:, 2]
    return Sitter(frame.source, np.asarray(picture, np.uint8), mesh.astype(np.float32))


def pictures(who: Sitter, film: Film, movements: Sequence[Movement], random: np.random.Generator) -> Iterator[Picture]:
    """Yield the frames (side, side) of a film in which the face makes the movements."""
    time_s = np.arange(round(film.recipe.seconds * film.fps)) / film.fps
    rotation, scale, origin = (part[0] for part in fit_mean_face(who.mesh[None]))
    shape = (who.mesh.astype(np.float64) - origin) @ rotation / scale
    basis, faces = displacements(), triangles()
    strengths = np.array(
        [_strength(movement, shape, basis, scale * FACE_PX / (_SHARE * film.side)) for movement in movements]
    )
    units = intensities(movements, strengths, time_s)
    moved = displaced(np.broadcast_to(shape, (len(time_s), *shape.shape)), basis, units)
    motion = head_motion(time_s, film.recipe.head, random)
    for now, pose in zip(moved, motion, strict=True):
        turn = rotation_of(*pose[:3]) @ rotation
        target = scale * (shape + now) @ turn.T + origin
        target[:, :2] += pose[3:] * _SHARE * film.side
        picture, _ = move(who.picture, who.mesh, target - who.mesh, faces)
        noisy = picture + random.normal(0, film.noise, picture.shape).astype(np.float32)
        yield np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def make(who: Sitter, film: Film, seed: int, path: Path) -> list[Movement]:
    """Write a film and, beside it, its truth as `.csv`; both appear only when they are whole.

    The truth is written last: where it is there, the film is too. Returns the movements.

    Raises:
        OutputError: if the files cannot be written.
    """
    random = np.random.default_rng(seed)
    movements = plan(film.recipe, random)
    begun = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _encode(begun, pictures(who, film, movements, random), film)
        begun.replace(path)
        table = begun.with_suffix(".csv")
        table.write_text(truth(path.name, movements, film.fps), "utf-8")
        table.replace(path.with_suffix(".csv"))
    except OSError as error:
        raise output_error(error, path) from error
    finally:
        begun.unlink(missing_ok=True)
    return movements


def truth(name: str, movements: Sequence[Movement], fps: float) -> str:
    """Return the truth of a film as CSV text."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(TRUTH_COLUMNS)
    for movement in movements:
        times = (movement.onset_s, movement.apex_s + movement.hold_s / 2, movement.offset_s)
        table.writerow(
            [name, movement.kind, movement.label, "+".join(movement.units), movement.side]
            + [f"{time:.4f}" for time in times]
            + [round(time * fps) for time in times]
            + [f"{movement.amplitude_px:.3f}"]
        )
    return text.getvalue()


def photos(source: Path) -> list[Path]:
    """Return a photo, or the photos right inside a folder, by name.

    Raises:
        InputError: if there is none.
    """
    kinds = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
    found = sorted(file for file in source.iterdir() if file.suffix.lower() in kinds) if source.is_dir() else [source]
    if not found:
        raise InputUnreadable(str(source), "a folder without photos")
    return found


def _strength(movement: Movement, shape: Array, basis: NDArray[np.float32], scale: float) -> float:
    """Return the intensity at which the point that moves most moves by the amplitude; blinks shut the eyes."""
    if movement.kind == "blink":
        return _SHUT
    full = displaced(shape[None], basis, 5 * movement.directions()[None])[0]
    farthest = float(np.linalg.norm(full[:468, :2], axis=1).max()) * scale
    strongest = _MACRO_STRONGEST if movement.kind == "macro" else _SHUT
    return min(5 * movement.amplitude_px / farthest, strongest)


def _crf(film: Film) -> float:
    """Return the rate factor at which x264 compresses a frame as it does at 30 frames/s.

    It takes less care of a frame that is shown for a shorter time: its quantiser step grows with the 0.4th power of the
    frame rate (1 - qcomp), 6 steps being a doubling.
    """
    slower = 6 * 0.4 * math.log2(min(film.fps, _FASTEST_FPS) / _USUAL_FPS)
    return min(max(film.crf - slower, 0.0), 51.0) if film.crf else 0.0


def _encode(path: Path, frames: Iterator[Picture], film: Film) -> None:
    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=Fraction(film.fps).limit_denominator(1000))
            stream.width = stream.height = film.side
            stream.pix_fmt = "yuv420p"
            stream.options = {"crf": f"{_crf(film):.2f}", "preset": "veryfast", "threads": "1"}
            for picture in frames:
                frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    except av.error.FFmpegError as error:
        raise OSError(error.errno, str(error)) from error
