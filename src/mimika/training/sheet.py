"""The sheet of examples that `mimika train --show-augmentations` draws."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mimika.data.errors import InputCorrupt, InputMissing, OptionError, OutputError
from mimika.stages.capture.inputs import expand
from mimika.training.augmentations import CHANGES, LUMA_ONLY, MOVES, Augmenter

SIDE, GAP, TEXT, EXAMPLES, COLUMNS = 88, 6, 170, 6, 2
"""Pixels of an example and between them, of the text beside a row; examples a row, columns of rows."""

Picture = NDArray[np.uint8]


def draw_sheet(picture: Picture, target: Path, options: dict[str, Any] | None = None, seed: int = 0) -> int:
    """Draw each augmentation on a (h, w) or (h, w, 3) picture to a .png; return how many were drawn.

    `options` is a recipe's [augment]: its augmentations at its strengths; without it all there are, at their defaults.
    The first example of a row is the picture itself.

    Raises:
        OptionError: an augmentation that there is not.
        OutputError: the file cannot be written.
    """
    whole = {name: {} for name in (*MOVES, *CHANGES)} if options is None else options
    chosen = {name: _strength(value) for name, value in whole.items()}
    Augmenter(chosen)
    small = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    rows = -(-len(chosen) // COLUMNS)
    width, height = TEXT + EXAMPLES * (SIDE + GAP) + 3 * GAP, SIDE + GAP
    sheet = Image.new("RGB", (COLUMNS * width + GAP, rows * height + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (name, arguments) in enumerate(chosen.items()):
        left, top = place // rows * width + 2 * GAP, place % rows * height + GAP
        pen.text((left, top + 20), name.replace("_", " "), "black", ImageFont.load_default(17))
        pen.text((left, top + 44), _described(name, arguments), "#666666", ImageFont.load_default(12))
        for column, example in enumerate(_examples(small, name, arguments, seed)):
            sheet.paste(Image.fromarray(example), (left + TEXT + column * (SIDE + GAP), top))
        if name == "saturation" and picture.ndim == 2:
            pen.text((left + TEXT + SIDE + 3 * GAP, top + 34), "luma has no colour to change", "#666666")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(target)
    except (OSError, ValueError) as error:
        raise OutputError(str(target), f"cannot be written ({error})") from error
    return len(chosen)


def _strength(value: Any) -> dict[str, Any]:
    """Return the arguments of an augmentation as the recipe gives them, applied always."""
    return {**(value if isinstance(value, dict) else {}), "chance": 1.0}


def _described(name: str, arguments: dict[str, Any]) -> str:
    """Return the arguments in force, such as "degrees 10"."""
    signature = inspect.signature(MOVES[name] if name in MOVES else CHANGES[name])
    defaults = {p.name: p.default for p in signature.parameters.values() if p.default is not inspect.Parameter.empty}
    return "\n".join(f"{key} {value:g}" for key, value in ({**defaults, **arguments}).items() if key != "chance")


def _examples(picture: Picture, name: str, arguments: dict[str, Any], seed: int) -> list[Picture]:
    """Return the picture and its changed versions; one without colour gives no examples of saturation."""
    if name in LUMA_ONLY and picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    if name == "saturation" and picture.ndim == 2:
        return [picture]
    changed, rng = Augmenter({name: arguments}), np.random.default_rng(seed)
    return [picture, *(changed(picture, rng) for _ in range(EXAMPLES - 1))]


def example_picture(data: Path | None) -> Picture:
    """Return the (h, w, 3) or (h, w) picture that a user gives, the first one of a folder, or the demo's face.

    Raises:
        InputError: there is no picture there.
        OptionError: the demo's face needs scikit-image.
    """
    if data is None:
        try:
            from skimage.data import astronaut
        except ModuleNotFoundError as error:
            raise OptionError(
                "--show-augmentations needs a picture: give one by --data, or install mimika[demo]"
            ) from (error)
        return np.ascontiguousarray(astronaut()[30:230, 124:324], np.uint8)
    if not data.exists():
        raise InputMissing(str(data), "no such picture or folder")
    files = [data] if data.is_file() else [Path(file) for file in expand([str(data)])]
    for file in files:
        try:
            with Image.open(file) as image:
                whole = np.asarray(image.convert("RGB"), np.uint8)
        except (OSError, ValueError):
            continue
        return whole[..., 0] if (whole == whole[..., :1]).all() else whole
    raise InputCorrupt(str(data), "holds no picture that can be read")
