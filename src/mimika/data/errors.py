"""Every error mimika raises on purpose.

::

    MimikaError
    ├── OptionError            a setting or argument out of range
    ├── ShapeError             an array whose shape or type is not what a container holds (also a ValueError)
    ├── InputError             something is wrong with one input; the others can go on
    │   ├── InputMissing       no such file, folder, camera or stream
    │   ├── InputUnreadable    there, but not allowed or not a file that can be read
    │   ├── InputUnsupported   a kind of file that holds no picture (audio only, text, …)
    │   ├── InputCorrupt       a picture or video that is damaged, empty or truncated
    │   ├── InputTooLarge      more pixels than allowed
    │   └── CameraLost         a camera or stream that stopped giving frames
    ├── OutputError            something cannot be written
    │   ├── OutputExists       the target is there and `--force` was not given
    │   └── OutputFull         no space left, or the place is read-only
    ├── ModelError             a weight file is missing, altered or not what its card says
    ├── CloudError             a second opinion cannot be had; the local answer stands
    └── StoreError             the memory cannot be opened or used
        ├── StoreMissing       there is no such recording, profile, job or token, or it belongs to somebody else
        ├── StoreUnreachable   the database server does not answer or refuses
        ├── StoreBusy          another process holds the database for too long
        └── StoreVersion       the database or an export was made by a newer mimika
"""

from __future__ import annotations


class MimikaError(Exception):
    """Anything mimika reports on purpose; its text is one line meant for a person."""


class OptionError(MimikaError, ValueError):
    """A setting or an argument is out of its range."""


class ShapeError(MimikaError, ValueError):
    """An array does not have the shape or type that its container holds."""


class InputError(MimikaError):
    """One input cannot be used.

    `source` is the name as the user gave it, `reason` one phrase without a full stop.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class InputMissing(InputError):
    """There is no such file, folder, camera or stream."""


class InputUnreadable(InputError):
    """It is there, but may not or cannot be read."""


class InputUnsupported(InputError):
    """It can be read, but holds no picture that mimika understands."""


class InputCorrupt(InputError):
    """It claims to be a picture or a video and is damaged, empty or truncated."""


class InputTooLarge(InputError):
    """It has more pixels than mimika is allowed to decode."""


class CameraLost(InputError):
    """A camera or network stream stopped giving frames."""


class OutputError(MimikaError):
    """An output cannot be written; `target` is its path, `reason` one phrase."""

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"{target}: {reason}")
        self.target = target
        self.reason = reason


class OutputExists(OutputError):
    """The target exists and overwriting was not asked for."""


class OutputFull(OutputError):
    """No space is left at the target, or it is read-only."""


class ModelError(MimikaError):
    """A weight file is missing, altered, or does not fit its card."""


class CloudError(MimikaError):
    """A second opinion cannot be had; the local answer stands.

    `kind` is one of "offline", "key", "forbidden", "missing", "rate", "server", "timeout", "cut", "refused",
    "nonsense", "budget", "open" (not asked since too much failed) and "other"; `again_s` the seconds after which the
    endpoint wants to be asked again, where it said so.
    """

    def __init__(self, kind: str, message: str, again_s: float | None = None) -> None:
        super().__init__(message)
        self.kind, self.again_s = kind, again_s


class StoreError(MimikaError):
    """The memory cannot be opened or used."""


class StoreMissing(StoreError):
    """It is not there, or belongs to another owner, which is told the same way."""


class StoreUnreachable(StoreError):
    """The database server does not answer, or does not let us in."""


class StoreBusy(StoreError):
    """Another process holds the database for longer than we wait."""


class StoreVersion(StoreError):
    """The database or an export was made by a newer mimika than this."""
