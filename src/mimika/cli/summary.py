"""What a run found, as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from mimika.data.labels import TRANSLATIONS
from mimika.jobs import JobResult
from mimika.stages.write.columns import plain

_STYLE = {"complete": "green", "interrupted": "yellow", "failed": "red", "skipped": "yellow"}
_SHOWN_INPUTS = 40
_SHOWN_LABELS = 3


def summary_table(results: Sequence[JobResult], language: str = "en") -> Table:
    """Return the table: what was read, what was found, where it was written."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for name, justify in (("input", "left"), ("frames", "right"), ("faces", "right"), ("people", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left", overflow="fold")
    table.add_column("expressions", overflow="fold")
    table.add_column("frames/s", justify="right")
    table.add_column("written", overflow="fold")
    named: set[str] = set()
    for result in results[:_SHOWN_INPUTS]:
        paths = [str(path) for path in result.paths if str(path) not in named]
        named.update(paths)
        table.add_row(*_row(result, language), Text("\n".join(map(plain, paths)), style="cyan"))
    if len(results) > _SHOWN_INPUTS:
        rest = results[_SHOWN_INPUTS:]
        failed = sum(result.error is not None for result in rest)
        frames, faces = sum(result.frames for result in rest), sum(result.faces for result in rest)
        table.add_row(Text(f"… {len(rest)} more, {failed} failed"), str(frames), str(faces))
    return table


def _row(result: JobResult, language: str) -> list[Text | str]:
    source = Text(plain(result.source))
    if result.status != "complete":
        source.append(f"  {result.status}", style=_STYLE[result.status])
    speed = (
        f"{result.frames / result.seconds:.0f}" if result.frames and result.seconds and result.kind != "photo" else ""
    )
    people = str(len(result.ids)) if result.kind != "photo" and result.frames else ""
    return [source, str(result.frames), str(result.faces), people, _expressions(result, language), speed]


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
