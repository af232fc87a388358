"""Weight files: there, whole, and the ones their card speaks of."""

from __future__ import annotations

import hashlib

from mimika.data.errors import ModelError
from mimika.engine.card import Card


def verify(card: Card) -> None:
    """Check that a network's file is the one its card describes.

    Raises:
        ModelError: if the file is missing, cannot be read, or has another SHA-256 than the card says.
    """
    try:
        with card.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"{card.path}: the model file cannot be read ({reason})") from error
    if found != card.sha256.lower():
        raise ModelError(f"{card.path}: the model file was altered or damaged (its SHA-256 is not the one on its card)")
