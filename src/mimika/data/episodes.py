"""What a face did: episodes, transitions from one expression to another, and mixed states."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mimika.data.errors import OptionError
from mimika.data.facs import letters

KINDS = ("expression", "action_unit", "micro", "state")
SIDES = ("", "left", "right", "both")


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that began, peaked and ended.

    `kind` is one of `KINDS`. `label`: an expression ("happiness"), an action unit ("AU12"), or the name of a state;
    `side`: "left", "right" (the subject's own) or "both" for action units that muscles on two sides make, "" where
    there are no sides. `onset_s` <= `apex_s` <= `offset_s` are presentation times in seconds. `peak` is the largest
    value reached, a probability 0..1 for expressions, an intensity 0..5 for action units. `confidence` 0..1 is how
    clearly it stood out. `face` is the track id, -1 where it is not known.

    Raises:
        OptionError: for an unknown kind or side, or times out of order.
    """

    kind: str
    label: str
    side: str
    onset_s: float
    apex_s: float
    offset_s: float
    peak: float
    confidence: float
    face: int = -1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OptionError(f"kind: expected one of {', '.join(KINDS)}, received {self.kind!r}")
        if self.side not in SIDES:
            raise OptionError(f"side: expected one of {SIDES}, received {self.side!r}")
        if not self.onset_s <= self.apex_s <= self.offset_s:
            times = f"{self.onset_s}, {self.apex_s}, {self.offset_s}"
            raise OptionError(f"episode: expected onset_s <= apex_s <= offset_s, received {times}")

    @property
    def duration_s(self) -> float:
        """Seconds from onset to offset."""
        return self.offset_s - self.onset_s

    @property
    def letter(self) -> str:
        """The FACS letter of the peak of an action unit, "" for everything else."""
        return str(letters(np.array([self.peak]))[0]) if self.kind == "action_unit" else ""


@dataclass(frozen=True, slots=True)
class Transition:
    """The face went from one expression to another.

    `when_s` is the moment at which the two were equally likely; `start_s` and `end_s` are when the old one began to
    give way and when the new one had settled: `duration_s` says how fast it was. `face` is the track id.

    Raises:
        OptionError: for times out of order.
    """

    origin: str
    target: str
    start_s: float
    when_s: float
    end_s: float
    face: int = -1

    def __post_init__(self) -> None:
        if not self.start_s <= self.when_s <= self.end_s:
            times = f"{self.start_s}, {self.when_s}, {self.end_s}"
            raise OptionError(f"transition: expected start_s <= when_s <= end_s, received {times}")

    @property
    def duration_s(self) -> float:
        """Seconds that the change took."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Mixture:
    """For a while the face showed two or three expressions at once.

    `shares`: (label, share) with the largest first, together 1. `name`: what the literature calls the compound, ""
    where it has no name. `onset_s` and `offset_s` in seconds. `face` is the track id.

    Raises:
        OptionError: if there are not two or three shares, or the times are out of order.
    """

    shares: tuple[tuple[str, float], ...]
    name: str
    onset_s: float
    offset_s: float
    face: int = -1

    def __post_init__(self) -> None:
        if not 2 <= len(self.shares) <= 3:
            raise OptionError(f"shares: expected two or three, received {len(self.shares)}")
        if not self.onset_s <= self.offset_s:
            raise OptionError(f"mixture: expected onset_s <= offset_s, received {self.onset_s}, {self.offset_s}")

    @property
    def duration_s(self) -> float:
        """Seconds from onset to offset."""
        return self.offset_s - self.onset_s

    def __str__(self) -> str:
        return ", ".join(f"{100 * share:.0f} % {label}" for label, share in self.shares)


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one face did, each list in the order of time; `remarks` say what could not be told, and why."""

    face: int
    episodes: list[Episode] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    mixtures: list[Mixture] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
