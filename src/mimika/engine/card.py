"""The card of a network: what it is, what it eats, where it comes from, how good it is."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from mimika.data.errors import ModelError

_REQUIRED: dict[str, type] = {
    "name": str,
    "version": str,
    "architecture": str,
    "licence": str,
    "sha256": str,
    "input": dict,
}


@dataclass(frozen=True, slots=True)
class Card:
    """The TOML file beside an .onnx file, `mesh.toml` beside `mesh.onnx`.

    `input` says name, shape and range of the picture the network expects; `labels` are the classes in output order,
    empty where there are none; `data` names each training set with its terms; `scores` hold the measured figures and
    the command that gives them; `parameters`, `macs` (multiply-adds a face or picture) and `bytes` are sizes;
    `settings` are free values that the stage using the network reads, such as `temperature`. `path` is the .onnx file
    itself.
    """

    name: str
    version: str
    architecture: str
    licence: str
    sha256: str
    input: dict[str, Any]
    path: Path
    labels: tuple[str, ...] = ()
    data: Any = ()
    scores: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    macs: int = 0
    bytes: int = 0
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the card of a network, given its .toml or its .onnx file.

        Raises:
            ModelError: if the card is missing, is not TOML, or lacks a field that every card must have.
        """
        file = Path(path).with_suffix(".toml")
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"{file}: the model's card cannot be read ({_reason(error)})") from error
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ModelError(f"{file}: the model's card is not TOML ({error})") from error
        for name, kind in _REQUIRED.items():
            if not isinstance(values.get(name), kind):
                raise ModelError(f"{file}: the model's card lacks {name!r} ({kind.__name__})")
        known = {name.name for name in fields(cls)} - {"path"}
        chosen = {name: value for name, value in values.items() if name in known}
        chosen["labels"] = tuple(str(label) for label in chosen.get("labels", ()))
        return cls(path=file.with_suffix(".onnx"), **chosen)

    def setting(self, name: str, default: float) -> float:
        """Return a number from `settings`, or the default.

        Raises:
            ModelError: if the value there is not a number.
        """
        value = self.settings.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ModelError(f"{self.path.with_suffix('.toml')}: settings.{name} is not a number: {value!r}")
        return float(value)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else "not UTF-8"
