"""The networks that ship with mimika, and any other ONNX file with a card."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from mimika.data.errors import ModelError
from mimika.engine.card import Card
from mimika.engine.weights import verify

if TYPE_CHECKING:
    from mimika.engine.session import Session


def folder() -> Path:
    """Return the folder of the shipped networks."""
    return Path(str(resources.files("mimika.models")))


def names() -> tuple[str, ...]:
    """Return the names of the shipped networks in alphabetical order."""
    return tuple(sorted(file.stem for file in folder().glob("*.onnx") if file.with_suffix(".toml").is_file()))


def card(name: str | Path) -> Card:
    """Return the card of a shipped network, of the regressors "action_units", or of the .onnx file at a path.

    Raises:
        ModelError: if there is no such network or its card cannot be used.
    """
    shipped = folder() / f"{name}.toml"
    return Card.load(shipped if len(Path(name).parts) == 1 and shipped.is_file() else _file(name))


def open_session(name: str | Path, threads: int = 1) -> tuple[Card, Session]:
    """Open a shipped network by name, or any .onnx file with a card beside it, after checking its SHA-256.

    The same file asked for again with as many threads gives the same session: sessions hold no state and may be shared.

    Raises:
        ModelError: if the file or its card is missing, altered or unusable.
    """
    file = _file(name)
    stamps = tuple(part.stat().st_mtime_ns for part in (file, file.with_suffix(".toml")) if part.is_file())
    return _open(file, threads, stamps)


@lru_cache(maxsize=16)
def _open(file: Path, threads: int, stamps: tuple[int, ...]) -> tuple[Card, Session]:
    """Open once; `stamps` are part of the key so that a file trained anew is opened anew."""
    from mimika.engine.session import Session  # costs 0.1 s, and listing models does not need it

    found = Card.load(file)
    verify(found)
    return found, Session(file, threads)


def _file(name: str | Path) -> Path:
    shipped = folder() / f"{name}.onnx"
    if len(Path(name).parts) == 1 and shipped.is_file():
        return shipped
    path = Path(name)
    if path.suffix == ".onnx":
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        return path.resolve()
    raise ModelError(f"{name}: no such model; there are {', '.join(names()) or 'none'}, or the path of an .onnx file")
