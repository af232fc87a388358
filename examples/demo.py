"""Make a film with a known truth, read it with mimika, and say how well the two agree.

    python examples/demo.py --out demo-output

The portrait is the public-domain photo of Eileen Collins (NASA) that scikit-image ships.
Needs `pip install 'mimika[demo]'`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from demo_scene import Truth, as_json, film
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from skimage.data import astronaut

import mimika
from mimika.stages.write.plot import Span, timeline_plot

NEGATIVE = ("sadness", "anger", "disgust", "fear", "contempt")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a table agrees with the truth; shares are 0..1.

    `found`: frames with the face in which one face was found; `empty`: frames without it in which none was; `phases`:
    judged frames and agreeing frames of each phase; `center`: median distance of the face's middle in face widths;
    `roll`: median error in degrees after the portrait's own tilt is taken off; `ids`: track ids used.
    """

    found: float
    empty: float
    phases: dict[str, tuple[int, int]]
    center: float
    roll: float
    ids: int


def make_film(folder: Path) -> tuple[Path, list[Truth]]:
    """Write `demo.mp4` and its truth into a folder; the network's own mesh of the portrait drives the warp."""
    portrait: NDArray[np.uint8] = astronaut()
    seen = mimika.analyze_image(portrait)
    if len(seen) != 1:
        raise SystemExit(f"the portrait shows one face, mimika found {len(seen)}")
    video = folder / "demo.mp4"
    truths = film(portrait, seen.measurements.meshes[0], video)
    (folder / "demo-truth.json").write_text(json.dumps(as_json(truths), indent=1), encoding="utf-8")
    return video, truths


def analyze(video: Path, folder: Path) -> pa.Table:
    """Run `mimika analyze` on the film as a user would and return its table."""
    command = [sys.executable, "-m", "mimika", "analyze", str(video), "--out", str(folder), "--force"]
    subprocess.run([*command, "--save", "table,overlay"], check=True)
    return pyarrow.csv.read_csv(folder / "demo.csv")


def phase_of(row: dict[str, float]) -> str:
    """Return what a row of the table says: smile, frown or neutral, whichever is most likely."""
    sums = {
        "smile": row["p_happiness"],
        "neutral": row["p_neutral"],
        "frown": sum(row[f"p_{name}"] for name in NEGATIVE),
    }
    return max(sums, key=lambda name: sums[name])


def agreement(table: pa.Table, truths: list[Truth]) -> Agreement:
    """Compare a table with the truth, frame by frame."""
    rows: dict[int, list[dict[str, float]]] = {truth.frame: [] for truth in truths}
    for row in table.to_pylist():
        if row["face_id"] is not None:
            rows[row["frame"]].append(row)
    judged = [truth for truth in truths if truth.phase not in ("between", "gone")]
    seen = [(truth, rows[truth.frame][0]) for truth in judged if rows[truth.frame]]
    phases = {}
    for phase in ("neutral", "smile", "frown"):
        hits = [phase_of(row) == phase for truth, row in seen if truth.phase == phase]
        phases[phase] = (sum(truth.phase == phase for truth in judged), sum(hits))
    rolls = np.array([row["roll"] - (truth.roll or 0) for truth, row in seen])
    return Agreement(
        found=float(np.mean([len(rows[truth.frame]) == 1 for truth in judged])),
        empty=float(np.mean([not rows[truth.frame] for truth in truths if truth.phase == "gone"])),
        phases=phases,
        center=float(np.median([_distance(truth, row) for truth, row in seen])),
        roll=float(np.median(np.abs(rolls - np.median(rolls)))),
        ids=len({row["face_id"] for found in rows.values() for row in found}),
    )


def spans(truths: list[Truth]) -> list[Span]:
    """Join the frames of one phase into stretches of time."""
    joined: list[Span] = []
    last = ""
    for truth in truths:
        if truth.phase == last and joined:
            joined[-1] = (joined[-1][0], truth.time_s, truth.phase)
        else:
            joined.append((truth.time_s, truth.time_s, truth.phase))
        last = truth.phase
    return [span for span in joined if span[2] != "between" and span[1] > span[0]]


def _distance(truth: Truth, row: dict[str, float]) -> float:
    """Return how far the box's middle is from the true one, in face widths."""
    assert truth.center is not None
    assert truth.width is not None
    middle = np.array([row["box_x"] + row["box_w"] / 2, row["box_y"] + row["box_h"] / 2])
    return float(np.linalg.norm(middle - truth.center) / truth.width)


def _report(result: Agreement, console: Console) -> None:
    table = Table(title="The demo against its own truth", title_justify="left")
    table.add_column("what was made")
    table.add_column("what was read", justify="right")
    table.add_row("one face in the picture", f"found in {result.found:.1%} of those frames")
    table.add_row("no face in the picture", f"none found in {result.empty:.1%} of those frames")
    for phase, (frames, hits) in result.phases.items():
        table.add_row(phase, f"{hits} of {frames} frames")
    table.add_row("where the face is", f"{result.center:.1%} of its width off (median)")
    table.add_row("how far the print is turned", f"{result.roll:.1f}° off (median)")
    table.add_row("one person, who leaves and comes back", f"{result.ids} face id{'s' if result.ids != 1 else ''}")
    console.print(table)


def main() -> None:
    """Make, read, compare, draw; print the paths."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for everything that is written")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    console.print("Making a film with a known truth …")
    video, truths = make_film(folder)
    table = analyze(video, folder)
    picture = folder / "demo-timeline.png"
    timeline_plot(table, picture, spans(truths), title="What was read, and above it what was made")
    _report(agreement(table, truths), console)
    for name, path in (("film", video), ("table", folder / "demo.csv"), ("overlay", folder / "demo-overlay.mp4")):
        console.print(f"{name:9} {path}", soft_wrap=True)
    console.print(f"{'timeline':9} {picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
