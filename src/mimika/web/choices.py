"""What a client may choose about an analysis: never a path, never an address, never another network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimika.data.errors import OptionError
from mimika.data.methods import BaselineChoice, Smoothing
from mimika.data.options import Options

PROFILE = "profile"
"""As `baseline`: the neutral face saved with the person's profile."""
_OF_VIDEOS = frozenset({"every", "fps", "start_s", "end_s", "micro"})
_COMMON = frozenset(
    [
        "detect_every",
        "faces_max",
        "min_score",
        "min_presence",
        "unsure_below",
        "lost_s",
        "language",
        "smooth",
        "steady",
        "baseline",
        "baseline_expressions",
    ]
)
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("every", "detect_every", "faces_max"), (int,)),
    **dict.fromkeys(("fps", "start_s", "end_s", "unsure_below"), (int, float, type(None))),
    **dict.fromkeys(("min_score", "min_presence", "lost_s"), (int, float)),
    **dict.fromkeys(("language", "smooth", "baseline"), (str,)),
    **dict.fromkeys(("steady", "baseline_expressions", "micro", "mesh"), (bool,)),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """How a client wants a recording analysed: `options` for the pipeline, `mesh` whether meshes are kept or sent.

    `profile`: the neutral face of the person's profile counts for every face.
    """

    options: Options
    mesh: bool
    profile: bool

    @property
    def looks_ahead(self) -> bool:
        """Whether a recording has to be measured to its end before its first row can be told."""
        method = "none" if self.profile else self.options.baseline
        return Smoothing.parse(self.options.smooth).looks_ahead or BaselineChoice.parse(method).looks_ahead


def choice_of(given: Mapping[str, Any], base: Options, *, live: bool) -> Choice:
    """Read what a client sent; `base` is what the server itself decides.

    Raises:
        OptionError: for a name that is unknown or not for clients, a value of another type, or out of its range.
    """
    allowed = _COMMON | {"mesh"} | (frozenset() if live else _OF_VIDEOS)
    for name, value in given.items():
        if name not in allowed:
            raise OptionError(f"options: expected some of {', '.join(sorted(allowed))}, received {name[:40]!r}")
        wrong = not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and bool not in _KINDS[name])
        if wrong:
            raise OptionError(f"options: {name}: a value of type {type(value).__name__} is not what it takes")
    chosen = dict(given)
    mesh = bool(chosen.pop("mesh", not live))
    profile = chosen.get("baseline") == PROFILE
    if profile:
        chosen["baseline"] = "none"
    if BaselineChoice.parse(chosen.get("baseline", "none")).method not in ("none", "auto", "first"):
        raise OptionError("options: baseline: expected none, auto, first:SECONDS or profile")
    return Choice(_replaced(base, {"micro": True} | chosen if not live else chosen), mesh, profile)


def _replaced(base: Options, chosen: dict[str, Any]) -> Options:
    values = {name: getattr(base, name) for name in base.__slots__}
    return Options(**values | chosen)
