"""Slow results kept between runs, for as long as the networks that they came from are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.engine.registry import card

Arrays = dict[str, NDArray[Any]]
_MADE_WITH = "made_with"


def kept(file: Path, networks: Sequence[str], make: Callable[[], Arrays], setting: str = "") -> Arrays:
    """Return the arrays of an .npz file, or make and write them where it is not there or of other networks.

    `networks` are the shipped networks that `make` asks, by name; `setting` is what else decides the result.
    """
    made_with = " ".join([*(card(name).sha256 for name in networks), setting]).strip()
    if file.is_file():
        with np.load(file) as arrays:
            if _MADE_WITH in arrays.files and str(arrays[_MADE_WITH]) == made_with:
                return {name: arrays[name] for name in arrays.files if name != _MADE_WITH}
    made = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, made_with=np.array(made_with), allow_pickle=False, **made)
    return made
