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
    └── ModelError             a weight file is missing, altered or not what its card says
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
