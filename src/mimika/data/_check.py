"""Checks that name what was expected and what came."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mimika.data.errors import OptionError, ShapeError


def shaped(name: str, value: Any, shape: tuple[int | None, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return `value` as a contiguous array of `dtype` after checking its shape.

    `shape` holds a number for each fixed axis and None for a free one.

    Raises:
        ShapeError: naming the expected and the received shape.
    """
    array = np.ascontiguousarray(value, dtype=dtype)
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("n" if want is None else str(want) for want in shape)
        raise ShapeError(f"{name}: expected shape ({wanted}), received {np.shape(value)}")
    return array


def same_length(**arrays: NDArray[Any]) -> None:
    """Check that all arrays describe the same number of faces.

    Raises:
        ShapeError: naming each length.
    """
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ShapeError(f"one row a face expected, received {lengths}")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """Return the value if it is allowed.

    Raises:
        OptionError: naming the field, what was expected and what was received.
    """
    if value not in allowed:
        raise OptionError(f"{name}: expected one of {', '.join(allowed)}, received {value!r}")
    return value
