"""The JSON file beside the results: what made them, from what, with which options, and what the numbers mean."""

from __future__ import annotations

import dataclasses
import json
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mimika._version import __version__
from mimika.data.errors import ModelError
from mimika.data.frame import SourceInfo
from mimika.data.options import Options
from mimika.engine import registry
from mimika.stages.write.columns import COLUMNS, MESH_UNIT
from mimika.stages.write.files import write_whole

_ALWAYS = ("detect", "mesh", "eyes", "appearance", "changes", "action_units")
PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "av", "pillow", "pyarrow")
TERMS = (
    "Labels name the expression that a face shows, not the emotion that the person feels.",
    "Probabilities are calibrated on FER+ photos; on other faces, light and cultures they may be off.",
    "'unsure' means that at such a probability more than two of five faces are read wrongly.",
    "These numbers are no ground for a decision about a person.",
)


@dataclass(slots=True)
class Record:
    """What is told about one table or overlay; `status` is "running", "complete", "interrupted" or "failed".

    "running" in a file whose process is gone means that it was killed. `told` is what single sinks add, by key.
    """

    options: Options
    command: tuple[str, ...] = ()
    sources: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    status: str = "running"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows: int = 0
    frames: int = 0
    faces: int = 0
    sound: str = "none"
    mesh: bool = False
    errors: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def add_source(self, info: SourceInfo) -> None:
        """Take note of one more input."""
        self.sources.append(dataclasses.asdict(info))


def sidecar_path(path: Path) -> Path:
    """Return where the JSON file of a result lies: beside it, with `.meta.json` after its whole name."""
    return path.with_name(path.name + ".meta.json")


def write_sidecar(path: Path, record: Record) -> None:
    """Write the record as JSON; the file is replaced as a whole, so that it is never half written.

    Raises:
        OutputError: if it cannot be written.
    """
    write_whole(path, json.dumps(as_json(record), indent=2, ensure_ascii=True, default=str) + "\n")


def as_json(record: Record) -> dict[str, Any]:
    """Return the record as it is written."""
    now = datetime.now(UTC)
    units = {column.name: column.unit for column in COLUMNS if column.unit}
    return {
        "mimika": __version__,
        "status": record.status,
        "started": record.started.isoformat(timespec="seconds"),
        "ended": None if record.status == "running" else now.isoformat(timespec="seconds"),
        "seconds": round((now - record.started).total_seconds(), 3),
        "command": list(record.command),
        "sources": record.sources,
        "outputs": record.outputs,
        "counts": {"rows": record.rows, "frames": record.frames, "faces": record.faces},
        "errors": record.errors,
        "sound": record.sound,
        "options": dataclasses.asdict(record.options),
        "models": models(record.options),
        "versions": {"python": platform.python_version()} | package_versions(),
        "platform": platform.platform(),
        "columns": {column.name: column.meaning for column in COLUMNS},
        "units": units | ({"x_0, y_0, z_0 … z_477": MESH_UNIT} if record.mesh else {}),
        "terms": list(TERMS),
    } | record.told


def models(options: Options) -> list[dict[str, Any]]:
    """Return name, version and SHA-256 of each network that may be in use and of the regressors, as their cards say."""
    found = []
    for name in dict.fromkeys((*_ALWAYS, options.model)):
        try:
            card = registry.card(name)
        except ModelError as error:
            found.append({"name": name, "error": str(error)})
        else:
            found.append({"name": card.name, "version": card.version, "sha256": card.sha256, "licence": card.licence})
    return found


def package_versions() -> dict[str, str]:
    """Return the installed version of each package that shapes the numbers."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed as a package"
    return versions


def circumstances(command: str, **machine: int | str) -> dict[str, Any]:
    """Return `command`, `versions` and `machine` as every file of measured figures holds them."""
    return {
        "command": command,
        "versions": {"mimika": __version__, "python": platform.python_version(), **package_versions()},
        "machine": {"platform": platform.platform(), "processor": processor(), **machine},
    }


def processor() -> str:
    """Return the name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
