"""What data sets call the expressions, in the words of mimika."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from mimika.data.errors import InputMissing, OptionError
from mimika.data.labels import FERPLUS

LEFT_OUT = ""
"""What a map gives for a class that is not to be scored."""

SPELLINGS: dict[str, tuple[str, ...]] = {
    "neutral": ("neutrality", "calm", "normal", "no expression", "ne", "neu"),
    "happiness": ("happy", "joy", "joyful", "smile", "smiling", "smiley", "laughing", "ha", "hap"),
    "surprise": ("surprised", "surprising", "astonished", "astonishment", "su", "sur", "surp"),
    "sadness": ("sad", "sorrow", "unhappy", "sa"),
    "anger": ("angry", "mad", "rage", "an", "ang"),
    "disgust": ("disgusted", "disgusting", "di", "dis"),
    "fear": ("fearful", "afraid", "scared", "frightened", "terrified", "fe", "af", "fea"),
    "contempt": ("contemptuous", "scorn", "disdain", "co", "con", "contem"),
}
"""Words that mean each class; short codes are those of posed laboratory sets."""

_WORDS = {word: name for name, words in SPELLINGS.items() for word in (name, *words)}


def class_of(name: str, extra: Mapping[str, str] | None = None) -> str | None:
    """Return the class, one of `labels.FERPLUS`, that a folder or label calls `name`; None for an unknown word.

    Case, numbers and separators do not matter: "03_Happy" is happiness. `extra` is asked first, by the name as it is
    and then without regard to case; it may give `LEFT_OUT`.

    >>> class_of("Angry"), class_of("joy"), class_of("bored")
    ('anger', 'happiness', None)
    """
    plain = name.strip().casefold()
    for key, value in (extra or {}).items():
        if key == name or key.strip().casefold() == plain:
            return value
    words = " ".join(re.findall(r"[^\W\d_]+", plain))
    return _WORDS.get(words)


def read_map(file: Path) -> dict[str, str]:
    """Read a TOML file of lines `"their word" = "our class"`; an empty string leaves the class out.

    Raises:
        InputMissing: if there is no such file.
        OptionError: if it is not TOML, or names a class that there is not.
    """
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputMissing(str(file), "no such file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f'{file}: not a TOML file of lines such as anxious = "fear" ({error})') from error
    for key, value in values.items():
        if value != LEFT_OUT and value not in FERPLUS:
            raise OptionError(f"{file}: {key!r} must be one of {', '.join(FERPLUS)}, or empty, not {value!r}")
    return {str(key): str(value) for key, value in values.items()}
