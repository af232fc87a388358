"""The demo's film: a print of the portrait is moved, turned, dimmed and taken away, while its face changes.

Each frame's truth is known, because the script of the film is the truth.
"""

from __future__ import annotations

import fractions
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import av
import cv2
import numpy as np
from demo_face import ElasticFace
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 480, 25
PORTRAIT_SCALE = 2  # the portrait is enlarged once, so that the print stays sharp
PRINT = (56, 0, 340, 330)  # x, y, width, height of the printed part of the portrait, px
BORDER = 12  # px of white paper around it
FACE_CENTER, FACE_WIDTH = (225.0, 125.0), 92.0  # measured by hand in the portrait, px
EYES = ((203.0, 101.0), (247.0, 103.4))  # pupils, the subject's right and left, measured by hand, px
HOLD_S = 0.16  # seconds around a change that are not judged


@dataclass(frozen=True, slots=True)
class Key:
    """The film at one moment: the print's middle in px, its turn in degrees clockwise, zoom, light and face 0..1."""

    time_s: float
    x: float = 320.0
    y: float = 240.0
    roll: float = 0.0
    zoom: float = 1.3
    light: float = 1.0
    smile: float = 0.0
    frown: float = 0.0


SCRIPT = (
    Key(0.0, x=250),
    Key(1.2, x=300),
    Key(1.7, x=320, smile=1),
    Key(3.0, x=370, roll=18, smile=1),
    Key(3.5, x=370, roll=15),
    Key(4.3, x=340, roll=0, light=0.35),
    Key(4.8, x=320, light=0.4, frown=1),
    Key(5.9, x=290, roll=-18, zoom=1.15, light=1, frown=1),
    Key(6.3, x=290, roll=-10, zoom=1.15),
    Key(6.7, x=290, roll=-6, zoom=1.2),
    Key(7.4, x=-300, zoom=1.2),
    Key(7.7, x=-300),
    Key(8.4, x=300),
    Key(8.7, x=305),
    Key(9.1, x=310, smile=1),
    Key(9.8, x=320, smile=1),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one frame: `phase` is neutral, smile, frown, gone, or "between" where nothing is promised.

    `center` is the middle of the face in pixels and `width` its width, `roll` the tilt of the line of the eyes in
    degrees, clockwise as seen; all None while the face is gone.
    """

    frame: int
    time_s: float
    phase: str
    center: tuple[float, float] | None
    width: float | None
    roll: float | None
    light: float


def state_at(time_s: float) -> Key:
    """Return the state of the film between two keys, eased in and out."""
    times = [key.time_s for key in SCRIPT]
    after = int(np.clip(np.searchsorted(times, time_s, side="right"), 1, len(SCRIPT) - 1))
    a, b = SCRIPT[after - 1], SCRIPT[after]
    part = float(np.clip((time_s - a.time_s) / (b.time_s - a.time_s), 0, 1))
    eased = part * part * (3 - 2 * part)
    return Key(*(getattr(a, f.name) + eased * (getattr(b, f.name) - getattr(a, f.name)) for f in fields(Key)))


def truth_at(frame: int) -> Truth:
    """Return what is true of a frame, counted from 0."""
    time_s = frame / FPS
    key = state_at(time_s)
    place = _portrait_to_scene(key) @ (*FACE_CENTER, 1.0)
    width = FACE_WIDTH * key.zoom
    lean = float(np.degrees(np.arctan2(EYES[1][1] - EYES[0][1], EYES[1][0] - EYES[0][0])))
    outside = place[0] < -width or place[0] > WIDTH + width
    phase = "gone" if outside else _phase(time_s, bool(width * 0.6 < place[0] < WIDTH - width * 0.6))
    if outside:
        return Truth(frame, time_s, phase, None, None, None, key.light)
    return Truth(frame, time_s, phase, (float(place[0]), float(place[1])), width, key.roll + lean, key.light)


def film(portrait: NDArray[np.uint8], mesh: NDArray[np.float32], target: Path) -> list[Truth]:
    """Write the film as H.264 MP4 and return the truth of its frames.

    `portrait` (512, 512, 3) uint8 RGB; `mesh` (478, 2 or 3) the mesh of its face, px.
    """
    size = (portrait.shape[1] * PORTRAIT_SCALE, portrait.shape[0] * PORTRAIT_SCALE)
    large = np.asarray(cv2.resize(portrait, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    face = ElasticFace(large, (np.asarray(mesh)[:, :2] + 0.5) * PORTRAIT_SCALE - 0.5)
    backdrop, noise = _backdrop(), np.random.default_rng(0)
    truths = [truth_at(number) for number in range(round(SCRIPT[-1].time_s * FPS))]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = fractions.Fraction(1, FPS)
        for truth in truths:
            key = state_at(truth.time_s)
            picture = _exposed(_scene(face.show(key.smile, key.frown), key, backdrop), key.light, noise)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = truth.frame
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return truths


def as_json(truths: list[Truth]) -> dict[str, object]:
    """Return the truth in a form that can be written as JSON."""
    return {"fps": FPS, "width": WIDTH, "height": HEIGHT, "frames": [asdict(truth) for truth in truths]}


def _phase(time_s: float, inside: bool) -> str:
    """Name what the face shows, if it has shown only that for a moment and is fully in the picture."""
    around = [state_at(float(np.clip(time_s + shift, 0, SCRIPT[-1].time_s))) for shift in (-HOLD_S, 0.0, HOLD_S)]
    shown = {(round(key.smile, 1), round(key.frown, 1)) for key in around}
    names = {(0.0, 0.0): "neutral", (1.0, 0.0): "smile", (0.0, 1.0): "frown"}
    return names.get(shown.pop(), "between") if inside and len(shown) == 1 else "between"


def _portrait_to_scene(key: Key) -> NDArray[np.float64]:
    """Return the (2, 3) matrix from pixels of the portrait to pixels of the film."""
    matrix = np.zeros((2, 3))
    angle = np.radians(key.roll)
    matrix[:, :2] = key.zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix[:, 2] = (key.x, key.y) - matrix[:, :2] @ (PRINT[0] + PRINT[2] / 2, PRINT[1] + PRINT[3] / 2)
    return matrix


def _scene(portrait: NDArray[np.uint8], key: Key, backdrop: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay the print with its white border and a soft shadow on the backdrop."""
    x, y, width, height = (value * PORTRAIT_SCALE for value in PRINT)
    edge = BORDER * PORTRAIT_SCALE
    paper = cv2.copyMakeBorder(
        portrait[y : y + height, x : x + width], edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(244, 242, 236)
    )
    matrix = _portrait_to_scene(key)
    offset = np.array(PRINT[:2]) - BORDER
    matrix = np.column_stack([matrix[:, :2] / PORTRAIT_SCALE, matrix[:, 2] + matrix[:, :2] @ offset])
    # Twice the size and averaged down, so that turned edges and hair do not flicker.
    twice = (WIDTH * 2, HEIGHT * 2)
    laid = cv2.warpAffine(paper, matrix * 2, twice, flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(np.full(paper.shape[:2], 255, np.uint8), matrix * 2, twice, flags=cv2.INTER_LINEAR)
    laid = cv2.resize(laid, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(mask, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)[..., None] / np.float32(255)
    fallen = cv2.warpAffine(cover, np.array([[1.0, 0, 6], [0, 1, 6]]), (WIDTH, HEIGHT))
    shadow = cv2.GaussianBlur(fallen, (0, 0), 8)[..., None]
    return np.asarray(laid * cover + backdrop * (1 - 0.45 * shadow) * (1 - cover), np.float32)


def _backdrop() -> NDArray[np.float32]:
    """A plain wall, lighter at the upper left."""
    across, down = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    light = 1.05 - 0.35 * (0.6 * across + 0.8 * down)
    return np.asarray(light[..., None] * np.array([132.0, 148.0, 158.0]), np.float32)


def _exposed(scene: NDArray[np.float32], light: float, noise: np.random.Generator) -> NDArray[np.uint8]:
    """Dim the scene and add a camera's noise."""
    grain = noise.normal(0, 1.5, scene.shape[:2]).astype(np.float32)[..., None]
    return np.asarray(np.clip(np.round(scene * light + grain), 0, 255), np.uint8)
