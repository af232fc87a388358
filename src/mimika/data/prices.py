"""What a request to a model costs, from one TOML file."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from mimika.data.errors import OptionError

_PATCH, _PATCHES, _TILE = 32, 1536, 512
_LONG, _SHORT = 2048, 768


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs.

    `input` and `output` US dollars for a million tokens; `picture` "patches", "tiles" or "none" with `factor`, or
    `base` and `tile`, says how pictures count; `checked` when and `source` where that was read.

    Source of the two ways of counting: the provider's guide on images and vision, as told by the pages that `source`
    names.
    """

    model: str
    input: float
    output: float
    picture: str = "none"
    factor: float = 1.0
    base: int = 0
    tile: int = 0
    checked: str = ""
    source: str = ""

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return US dollars for so many tokens in and out."""
        return (tokens_in * self.input + tokens_out * self.output) / 1e6

    def picture_tokens(self, width: int, height: int) -> int:
        """Return the tokens that a picture of width × height pixels counts, an estimate."""
        if self.picture == "patches":
            patches = math.ceil(width / _PATCH) * math.ceil(height / _PATCH)
            return math.ceil(min(patches, _PATCHES) * self.factor)
        if self.picture == "tiles":
            scale = min(1.0, _LONG / max(width, height))
            scale *= min(1.0, _SHORT / max(min(width, height) * scale, 1))
            return self.base + self.tile * math.ceil(width * scale / _TILE) * math.ceil(height * scale / _TILE)
        return self.base


def price_of(model: str, file: Path | None = None) -> Price | None:
    """Return the price of a model, from `file` if it is there, else from the shipped list; None if nobody knows it.

    A name with a date at its end ("gpt-4.1-mini-2025-04-14") is the model before it.

    Raises:
        OptionError: if `file` cannot be read or an entry is not complete.
    """
    for known in (_own(file) if file is not None else {}, _shipped()):
        for name in (model, model[:-11] if model[-11:-10] == "-" else model):
            if name in known:
                return known[name]
    return None


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Price]:
    text = resources.files("mimika.data").joinpath("prices.toml").read_text("utf-8")
    return _read(tomllib.loads(text), "prices.toml")


def _own(file: Path) -> dict[str, Price]:
    try:
        return _read(tomllib.loads(file.read_text("utf-8")), str(file))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{file}: no list of prices can be read from it ({error})") from error


def _read(value: dict[str, Any], name: str) -> dict[str, Price]:
    found = {}
    for model, entry in value.get("models", {}).items():
        try:
            price = Price(model, **(entry | {"checked": str(entry["checked"])}))
            if not (0 <= price.input < 1e6 and 0 <= price.output < 1e6):
                raise ValueError("a price must be 0 or more")
        except (KeyError, TypeError, ValueError) as error:
            raise OptionError(f'{name}: models."{model}" needs input, output, checked and source ({error})') from error
        found[model] = price
    return found
