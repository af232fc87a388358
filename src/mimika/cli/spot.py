"""`mimika spot`: the micro-expressions of a video."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimika.cli.choices import FACES, Faces, Force, Json

if TYPE_CHECKING:
    from mimika.stages.timeline.micro import MicroExpression

COLUMNS = (
    *("source", "face_id", "expression", "units", "side", "onset_s", "apex_s", "offset_s", "duration_s"),
    *("peak_px", "confidence"),
)


def spot(
    video: Annotated[str, typer.Argument(help="A video with at least 20 frames a second.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write them as CSV to this file.", metavar="FILE")] = None,
    faces: Faces = FACES,
    json: Json = False,
    force: Force = False,
) -> None:
    """Find micro-expressions in a video: movements of the face that last 1/25 to 1/2 s."""
    import cv2

    from mimika.cli.terminal import err, print_json
    from mimika.cli.terminal import out as console
    from mimika.data.errors import InputMissing
    from mimika.data.options import Options
    from mimika.micro import movements_of
    from mimika.stages.timeline.micro import spot as find
    from mimika.stages.timeline.micro import visible_from_s
    from mimika.stages.write.files import claim

    cv2.setNumThreads(1)
    if out is not None:
        claim(out, force)
    moved = [face for face in movements_of(video, Options(faces_max=faces)) if len(face) > 1]
    if not moved:
        raise InputMissing(video, "shows no face for more than a frame")
    found = sorted((item for face in moved for item in find(face)), key=lambda item: item.episode.onset_s)
    rows = [_row(video, item) for item in found]
    if out is not None:
        _write(out, rows)
    limit = max(visible_from_s(face) for face in moved)
    err().print(
        f"{len(rows)} micro-expressions; at this frame rate movements are seen from {limit:.3f} s on", soft_wrap=True
    )
    if json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
        return
    shown = console()
    for row in rows:
        name = dict(zip(COLUMNS, row, strict=True))
        times = f"{name['onset_s']:8.3f} .. {name['offset_s']:.3f} s"
        side = f" {name['side']}" if name["side"] else ""
        shown.print(
            f"{times}  face {name['face_id']}  {name['units']}{side}, most like {name['expression']}, "
            f"{name['peak_px']:.2f} px, confidence {name['confidence']:.2f}",
            soft_wrap=True,
        )


def _row(video: str, item: MicroExpression) -> list[Any]:
    episode = item.episode
    times = [round(time, 4) for time in (episode.onset_s, episode.apex_s, episode.offset_s, episode.duration_s)]
    units = "+".join(item.units)
    peak, confidence = round(episode.peak, 3), round(episode.confidence, 3)
    return [video, episode.face, episode.label, units, episode.side, *times, peak, confidence]


def _write(file: Path, rows: list[list[Any]]) -> None:
    from mimika.stages.write.columns import plain
    from mimika.stages.write.files import write_whole

    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerows([COLUMNS, *([plain(row[0]), *row[1:]] for row in rows)])
    write_whole(file, text.getvalue())
