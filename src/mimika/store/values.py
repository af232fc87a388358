"""Plain values that both databases take as JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mimika.data.errors import OptionError
from mimika.store.database import text


def plain_json(value: Any) -> Any:
    """Return a value as JSON knows it: numpy's numbers as Python's, what is not finite as None, no NUL in texts.

    Raises:
        OptionError: for anything that JSON does not know.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(key): plain_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(part) for part in value]
    raise OptionError(f"expected plain values, received {type(value).__name__}")
