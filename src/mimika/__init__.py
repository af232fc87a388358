"""Measure what a face does, in photos, video and live camera: precisely, fast, on your own machine.

>>> import mimika
>>> for face in mimika.analyze_image("portrait.jpg"):
...     print(face.label, face.confidence, face.yaw)
>>> mimika.analyze_video("talk.mp4").to_table()

Names are loaded when they are first used, so that importing mimika costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mimika._version import __version__

if TYPE_CHECKING:
    from mimika.api import Analyzer, ImageResult, VideoResult, analyze_image, analyze_video
    from mimika.data.episodes import Episode, Mixture, Transition
    from mimika.data.errors import (
        CameraLost,
        CloudError,
        InputCorrupt,
        InputError,
        InputMissing,
        InputTooLarge,
        InputUnreadable,
        InputUnsupported,
        MimikaError,
        ModelError,
        OptionError,
        OutputError,
        OutputExists,
        OutputFull,
        ShapeError,
        StoreBusy,
        StoreError,
        StoreMissing,
        StoreUnreachable,
        StoreVersion,
    )
    from mimika.data.events import Event, Mark
    from mimika.data.expressions import Expressions
    from mimika.data.faces import Faces
    from mimika.data.frame import Frame
    from mimika.data.measurements import Measurements
    from mimika.data.observation import Observation
    from mimika.data.opinion import Opinion
    from mimika.data.options import Options
    from mimika.data.timeline import Timeline
    from mimika.events import Events
    from mimika.face import Face
    from mimika.tracks import Track

_HOMES = {
    "mimika.api": ("Analyzer", "ImageResult", "VideoResult", "analyze_image", "analyze_video"),
    "mimika.data.errors": (
        *("CameraLost", "CloudError", "InputCorrupt", "InputError", "InputMissing", "InputTooLarge", "InputUnreadable"),
        *("InputUnsupported", "MimikaError", "ModelError", "OptionError", "OutputError", "OutputExists", "OutputFull"),
        *("ShapeError", "StoreBusy", "StoreError", "StoreMissing", "StoreUnreachable", "StoreVersion"),
    ),
    "mimika.face": ("Face",),
    "mimika.data.episodes": ("Episode", "Mixture", "Transition"),
    "mimika.data.events": ("Event", "Mark"),
    "mimika.data.expressions": ("Expressions",),
    "mimika.data.faces": ("Faces",),
    "mimika.data.frame": ("Frame",),
    "mimika.data.measurements": ("Measurements",),
    "mimika.data.observation": ("Observation",),
    "mimika.data.opinion": ("Opinion",),
    "mimika.data.options": ("Options",),
    "mimika.data.timeline": ("Timeline",),
    "mimika.events": ("Events",),
    "mimika.tracks": ("Track",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Analyzer",
    "CameraLost",
    "CloudError",
    "Episode",
    "Event",
    "Events",
    "Expressions",
    "Face",
    "Faces",
    "Frame",
    "ImageResult",
    "InputCorrupt",
    "InputError",
    "InputMissing",
    "InputTooLarge",
    "InputUnreadable",
    "InputUnsupported",
    "Mark",
    "Measurements",
    "MimikaError",
    "Mixture",
    "ModelError",
    "Observation",
    "Opinion",
    "OptionError",
    "Options",
    "OutputError",
    "OutputExists",
    "OutputFull",
    "ShapeError",
    "StoreBusy",
    "StoreError",
    "StoreMissing",
    "StoreUnreachable",
    "StoreVersion",
    "Timeline",
    "Track",
    "Transition",
    "VideoResult",
    "__version__",
    "analyze_image",
    "analyze_video",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'mimika' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
