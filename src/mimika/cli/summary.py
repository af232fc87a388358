"""What a run found, as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mimika.data.labels import TRANSLATIONS
from mimika.jobs import JobResult
from mimika.stages.write.columns import plain

_STYLE = {"complete": "green", "interrupted": "yellow", "failed": "red", "skipped": "yellow"}
_SHOWN_INPUTS, _SHOWN_FILES = 40, 40
_SHOWN_LABELS = 3
_NAME = 40


def summary_table(results: Sequence[JobResult], language: str = "en") -> Group:
    """Return the table: what was read, what was found, where it was written."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("input", "frames", "faces", "people", "frames/s", "expressions"):
        table.add_column(name, justify="left" if name in ("input", "expressions") else "right", overflow="fold")
    for result in results[:_SHOWN_INPUTS]:
        table.add_row(*_row(result, language))
    if len(results) > _SHOWN_INPUTS:
        rest = results[_SHOWN_INPUTS:]
        failed = sum(result.error is not None for result in rest)
        frames, faces = sum(result.frames for result in rest), sum(result.faces for result in rest)
        table.add_row(Text(f"… {len(rest)} more, {failed} failed"), str(frames), str(faces))
    paths = dict.fromkeys(path for result in results for path in result.paths)
    files = [Text(plain(str(path)), style="cyan", overflow="fold") for path in list(paths)[:_SHOWN_FILES]]
    if len(paths) > _SHOWN_FILES:
        files.append(Text(f"… and {len(paths) - _SHOWN_FILES} more beside them"))
    return Group(table, Text("written:" if files else "nothing was written", style="bold"), *files)


def _row(result: JobResult, language: str) -> list[Text | str]:
    source = Text(_short(plain(result.source)))
    if result.status != "complete":
        source.append(f"  {result.status}", style=_STYLE[result.status])
    speed = (
        f"{result.frames / result.seconds:.0f}" if result.frames and result.seconds and result.kind != "photo" else ""
    )
    people = str(len(result.ids)) if result.kind != "photo" and result.frames else ""
    return [source, str(result.frames), str(result.faces), people, speed, _expressions(result, language)]


def _short(name: str) -> str:
    """Keep the end of a long path, where its name is."""
    return name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"


def _expressions(result: JobResult, language: str) -> str:
    total = sum(result.labels.values())
    shares = [
        f"{TRANSLATIONS[language][label]} {100 * count / total:.0f} %"
        for label, count in result.labels.most_common(_SHOWN_LABELS)
    ]
    return ", ".join(shares)


def summary_json(results: Sequence[JobResult]) -> list[dict[str, Any]]:
    """Return one object an input."""
    return [
        {
            "source": plain(result.source),
            "status": result.status,
            "kind": result.kind or None,
            "frames": result.frames,
            "faces": result.faces,
            "people": len(result.ids) if result.kind not in ("", "photo") else None,
            "labels": dict(result.labels.most_common()),
            "seconds": round(result.seconds, 3),
            "written": [plain(str(path)) for path in result.paths],
            "error": plain(str(result.error)) if result.error is not None else None,
        }
        for result in results
    ]
