"""What a second model, in the cloud or on another machine, says of one face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import shaped
from mimika.data.errors import ShapeError
from mimika.data.labels import FERPLUS

HAD = ("answered", "cached")
"""Outcomes of a question that gave an opinion that counts."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One answer about one face, and what it took to get it.

    `probabilities` (8,) in the order of `labels.FERPLUS`, together 1, as the model gave them: they are not calibrated.
    `label` is the expression it named. `evidence` is its sentence about what can be seen, "" where it gave none.
    `origin` is "cloud:" and the model's name. `ms` from request to answer; `tokens` in and out, as the endpoint
    counted them; `cost_usd` None where the model has no known price. `repaired` says that the answer was one word
    where an object was asked for. `cached` says that it was given before, and cost nothing this time.
    `local` (8,) is what this machine alone said of the face that it was mixed with, None before it was mixed.

    Raises:
        ShapeError: if the probabilities are no eight numbers of 0 or more with a sum of 1, or the label is none of
            `FERPLUS`.
    """

    label: str
    probabilities: NDArray[np.float32]
    evidence: str = ""
    origin: str = ""
    ms: float = 0.0
    cost_usd: float | None = None
    tokens: tuple[int, int] = (0, 0)
    repaired: bool = False
    cached: bool = False
    local: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        wide = shaped("probabilities", self.probabilities, (len(FERPLUS),), np.float32)
        if not np.isfinite(wide).all() or wide.min() < 0 or abs(float(wide.sum()) - 1) > 1e-3:
            raise ShapeError(f"probabilities: expected 8 numbers of 0 or more, together 1, received {wide.tolist()}")
        if self.label not in FERPLUS:
            raise ShapeError(f"label: expected one of {', '.join(FERPLUS)}, received {self.label!r}")
        object.__setattr__(self, "probabilities", wide)
        if self.local is not None:
            object.__setattr__(self, "local", shaped("local", self.local, (len(FERPLUS),), np.float32))

    def as_json(self) -> dict[str, Any]:
        """Return it as it is written and sent: names instead of places, no picture."""
        shares = _named(self.probabilities)
        return {
            "label": self.label,
            "probabilities": shares,
            "evidence": self.evidence,
            "origin": self.origin,
            "ms": round(self.ms, 1),
            "cost_usd": self.cost_usd,
            "tokens": {"input": self.tokens[0], "output": self.tokens[1]},
            "repaired": self.repaired,
            "cached": self.cached,
        } | ({} if self.local is None else {"local": _named(self.local)})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` gave.

        Raises:
            ShapeError, KeyError, TypeError: if it is something else.
        """
        shares = np.array([value["probabilities"][name] for name in FERPLUS], np.float64)
        return cls(
            value["label"],
            (shares / max(shares.sum(), 1e-9)).astype(np.float32),
            value.get("evidence", ""),
            value.get("origin", ""),
            float(value.get("ms", 0.0)),
            value.get("cost_usd"),
            (int(value["tokens"]["input"]), int(value["tokens"]["output"])),
            bool(value.get("repaired", False)),
            bool(value.get("cached", False)),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One question about one face, and what became of it.

    `face` of `source` at `time_s` is what was asked about; `local` (8,) what this machine alone said of it then.
    `outcome` is "answered"; "cached" where the same look had been answered a moment before; "late" where the answer
    came after the deadline; "unnoted" where it was not sent since it could not be noted; or the kind of a
    `CloudError`, with its `reason`. `opinion` is None where none came. `look` tells pictures of the face that look
    alike.

    Raises:
        ShapeError: if `local` are no eight numbers.
    """

    source: str
    face: int
    time_s: float
    outcome: str
    local: NDArray[np.float32]
    opinion: Opinion | None = None
    reason: str = ""
    look: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "local", shaped("local", self.local, (len(FERPLUS),), np.float32))

    def as_json(self) -> dict[str, Any]:
        """Return it as it is written and sent, the same keys whatever became of it; no picture, no `look`."""
        said = self.opinion.as_json() if self.opinion is not None else dict.fromkeys(_SAID)
        head = {"source": self.source, "time_s": round(self.time_s, 6), "face_id": self.face, "outcome": self.outcome}
        return head | {"reason": self.reason} | said | {"local": _named(self.local)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` gave, with a `look` in hexadecimal digits if there is one.

        Raises:
            ShapeError, KeyError, TypeError: if it is something else.
        """
        local = np.array([value["local"][name] for name in FERPLUS], np.float32)
        opinion = Opinion.from_json(value) if value["label"] is not None else None
        place = (value["source"], int(value["face_id"]), float(value["time_s"]))
        return cls(*place, value["outcome"], local, opinion, value["reason"], int(value.get("look", "0"), 16))


_SAID = ("label", "probabilities", "evidence", "origin", "ms", "cost_usd", "tokens", "repaired", "cached")


def _named(probabilities: NDArray[np.float32]) -> dict[str, float]:
    return {name: round(float(share), 4) for name, share in zip(FERPLUS, probabilities, strict=True)}
