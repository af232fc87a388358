"""What the analysis is for: it decides whether expressions may be inferred at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from mimika.data.errors import OptionError

PURPOSES = ("research", "user_research", "clinical", "safety", "education", "workplace", "personal", "other")
GROUNDS = ("", "medical", "safety")
MODES = ("expressions", "action_units")
RESTRICTED = ("education", "workplace")
"""Where inferring emotions needs a medical or safety ground. Source: Regulation (EU) 2024/1689, Article 5(1)(f)."""

_NOTE_LIMIT = 2000


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why faces are analysed, as somebody declared it.

    `kind` is one of `PURPOSES`, `ground` one of `GROUNDS`, `note` says in words what the ground is; `declared_by` is
    the owner who declared it, `declared_at` when, as ISO time in UTC.

    Raises:
        OptionError: naming the field, what was expected and what was received.
    """

    kind: str
    ground: str = ""
    note: str = ""
    declared_by: str = "local"
    declared_at: str = field(default_factory=_now)

    def __post_init__(self) -> None:
        if self.kind not in PURPOSES:
            raise OptionError(f"purpose: expected one of {', '.join(PURPOSES)}, received {self.kind!r}")
        if self.ground not in GROUNDS:
            raise OptionError(f"ground: expected nothing, medical or safety, received {self.ground!r}")
        if len(self.note) > _NOTE_LIMIT:
            raise OptionError(f"note: expected at most {_NOTE_LIMIT} characters, received {len(self.note)}")
        try:
            zone = datetime.fromisoformat(self.declared_at).tzinfo
        except ValueError:
            zone = None
        if zone is None:
            raise OptionError(f"declared_at: expected an ISO time with its zone, received {self.declared_at!r}")

    @property
    def mode(self) -> str:
        """What may leave: "expressions", or "action_units" only, where the law wants a ground and none is given."""
        grounded = bool(self.ground and self.note.strip())
        return "action_units" if self.kind in RESTRICTED and not grounded else "expressions"

    def as_json(self) -> dict[str, Any]:
        """Return the fields and the mode as plain values."""
        return {
            "kind": self.kind,
            "ground": self.ground,
            "note": self.note,
            "declared_by": self.declared_by,
            "declared_at": self.declared_at,
            "mode": self.mode,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """Read what `as_json` gave; the mode follows from the rest.

        Raises:
            OptionError: if a field is wrong or `kind` is missing.
        """
        names = ("kind", "ground", "note", "declared_by", "declared_at")
        return cls(**({"kind": ""} | {name: str(plain[name]) for name in names if name in plain}))
