"""The checks behind `mimika doctor`."""

from __future__ import annotations

import importlib
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mimika.data.errors import MimikaError

_CORE = {
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "opencv-python-headless": "cv2",
    "av": "av",
    "pillow": "PIL",
    "pyarrow": "pyarrow",
    "typer": "typer",
    "rich": "rich",
}
_EXTRAS = {
    "pandas": "tables as pandas frames",
    "matplotlib": "timeline pictures",
    "torch": "training",
    "lightning": "training",
    "openai": "second opinions",
}
_CODECS = {"r": ("h264", "hevc", "vp9", "av1", "mpeg4", "mjpeg"), "w": ("libx264", "mpeg4", "aac")}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `works` is None for something that is not there and need not be."""

    name: str
    works: bool | None
    detail: str


def run_checks() -> list[Check]:
    """Return all findings; no check stops the others."""
    return [
        Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}"),
        *_packages(),
        *_networks(),
        _guarded("analysis", _analysis),
        _guarded("text on overlays", _letters),
        *_codecs(),
        *_cameras(),
        *_places(),
        *_extras(),
    ]


def _guarded(name: str, check: Callable[[], str]) -> Check:
    """Run a check; whatever goes wrong in it is a finding with its reason."""
    try:
        return Check(name, True, check())
    except MimikaError as error:
        return Check(name, False, str(error))
    except Exception as error:  # noqa: BLE001 a defect or a broken package is just what is looked for here
        return Check(name, False, f"{type(error).__name__}: {error}")


def _packages() -> Iterator[Check]:
    for package, module in _CORE.items():
        try:
            importlib.import_module(module)
            yield Check(package, True, metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Check(package, True, "version unknown (installed under another name)")
        except (ImportError, OSError) as error:
            yield Check(package, False, f"cannot be imported ({error}); pip install {package}")


def _networks() -> Iterator[Check]:
    from mimika.engine import registry, weights

    for name in sorted({"detect", "mesh", "expression", *registry.names()}):

        def whole(name: str = name) -> str:
            card = registry.card(name)
            weights.verify(card)
            return f"version {card.version}, {card.bytes / 1e6:.1f} MB, whole"

        yield _guarded(f"network {name}", whole)


def _analysis() -> str:
    import time

    import numpy as np

    from mimika.data.frame import Frame
    from mimika.pipeline import Pipeline

    pipeline = Pipeline()
    blank = Frame(np.full((480, 640), 127, np.uint8))
    pipeline.process(blank)
    began = time.perf_counter()
    found = len(pipeline.process(blank))
    return f"an empty picture in {1000 * (time.perf_counter() - began):.1f} ms, {found} faces"


def _letters() -> str:
    from mimika.stages.write.draw import text_width

    widths = [text_width(letter, 20) for letter in "AжїқҰ"]
    return "Latin, Cyrillic, Ukrainian and Kazakh letters" if all(widths) else "some letters are missing"


def _codecs() -> Iterator[Check]:
    import av

    for mode, names in _CODECS.items():
        missing = []
        for name in names:
            try:
                av.codec.Codec(name, "r" if mode == "r" else "w")
            except ValueError:
                missing.append(name)
        what = "video that can be read" if mode == "r" else "video that can be written"
        there = ", ".join(name for name in names if name not in missing)
        yield Check(what, bool(there), there + (f"; not {', '.join(missing)}" if missing else ""))


def _cameras() -> Iterator[Check]:
    from mimika.stages.capture.webcam import OpenCvDevice

    devices = sorted(Path("/dev").glob("video*")) if sys.platform.startswith("linux") else []
    numbers = [int(device.name[5:]) for device in devices if device.name[5:].isdigit()] or [0]
    found = False
    for number in numbers[:8]:
        try:
            device = OpenCvDevice(number)
        except MimikaError as error:
            reason = str(error)
            continue
        found = True
        yield Check(f"camera {number}", True, f"{device.width}×{device.height}")
        device.close()
    if not found:
        yield Check("camera", None, f"{reason}; streams (rtsp://, http://) need none")


def _places() -> Iterator[Check]:
    from mimika import settings

    for name, folder in (
        ("results folder", _existing(settings.load().out)),
        ("temporary files", Path(tempfile.gettempdir())),
    ):

        def writable(folder: Path = folder) -> str:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"mimika")
            return f"{folder.resolve()} can be written"

        yield _guarded(name, writable)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next((place for place in (folder, *folder.parents) if place.is_dir()), folder)


def _extras() -> Iterator[Check]:
    for package, use in _EXTRAS.items():
        try:
            yield Check(package, True, f"{metadata.version(package)}, for {use}")
        except metadata.PackageNotFoundError:
            yield Check(package, None, f"not installed, needed for {use} only")
