"""Who is trained on and who is held out: decided by the person's name, so that it is the same for every recipe."""

from __future__ import annotations

import hashlib
import re

HELD_OUT_SHARE = 0.075
"""Share of the persons kept out of training; gives about 1,000 faces of `faces/` and `people/` together."""


def person_of(name: str) -> str:
    """Return the person's name in a picture name: "Bob_Hope_0008.jpg" and "Bob_Hope_8.jpg" are both "Bob_Hope".

    Frames of a clip, "clip:120", belong together.
    """
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0].split(":")[0]
    return re.sub(r"_\d+$", "", stem)


def held_out(name: str, share: float = HELD_OUT_SHARE) -> bool:
    """Whether the picture shows a person who is never trained on."""
    digest = hashlib.sha256(person_of(name).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share
