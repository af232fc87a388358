"""Movements measured once: what a video's faces did is kept by the video's content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mimika.data.errors import OptionError
from mimika.data.movements import Movements
from mimika.data.options import Options
from mimika.engine import registry
from mimika.micro import follow, movements_of, pictures

PROTOCOL = 1
"""Raised when the measurement of movements changes, so that what an older version kept is measured again."""
_FIELDS = ("time_s", "regions", "head", "closed")


def kept_movements(
    video: Path, cache: Path | None = None, options: Options | None = None, fps: float | None = None
) -> Movements | None:
    """Return the movements of the face that was there longest, None if there was none; read from `cache` if there.

    `video`: a file, or a folder of pictures taken at `fps`, which is not kept.

    Raises:
        InputError: if the video cannot be read.
    """
    if cache is None or not video.is_file():
        return _longest(video, options, fps)
    networks = "".join(registry.card(name).sha256 for name in ("detect", "mesh"))
    digest = hashlib.sha256(f"{PROTOCOL} {networks} {_chosen(options)}".encode())
    digest.update(video.read_bytes())
    file = cache / f"{video.stem}-{digest.hexdigest()[:16]}.npz"
    if file.exists():
        with np.load(file) as arrays:
            return Movements(*(arrays[name] for name in _FIELDS))
    found = _longest(video, options, fps)
    if found is not None:
        cache.mkdir(parents=True, exist_ok=True)
        begun = file.with_suffix(f".{os.getpid()}.part")
        with begun.open("wb") as target:
            np.savez(target, **{name: getattr(found, name) for name in _FIELDS})
        begun.replace(file)
    return found


def _chosen(options: Options | None) -> dict[str, object]:
    """Return what differs from the defaults, so that an option that is new does not make old measurements void."""
    usual = asdict(Options())
    return {} if options is None else {name: value for name, value in asdict(options).items() if value != usual[name]}


def _longest(video: Path, options: Options | None, fps: float | None) -> Movements | None:
    if video.is_dir():
        if fps is None:
            raise OptionError(f"fps: {video} is a folder of pictures, and nothing tells how many a second were taken")
        return max(follow(pictures(video, fps), options), key=len, default=None)
    return max(movements_of(str(video), options), key=len, default=None)
