"""Write the README's table of figures from the measured results, so that no number in it is typed by hand.

    python benchmarks/figures.py            writes the table
    python benchmarks/figures.py --check    says whether it is up to date

A row appears once the file that it is read from is in docs/results.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "results"
MARKS = ("<!-- figures: python benchmarks/figures.py -->", "<!-- end of figures -->")
HEAD = "| | mimika | peers | from |\n|---|---|---|---|"


def rows(results: Path = RESULTS) -> Iterator[str]:
    """Yield the lines of the table for the result files that are there."""
    for name, make in (
        ("expression", _expression),
        ("mesh", _mesh),
        ("action_units", _action_units),
        ("detect", _detect),
        ("peers", _peers),
        ("bench", _bench),
    ):
        file = results / f"{name}.json"
        if file.is_file():
            data = json.loads(file.read_text(encoding="utf-8"))
            source = f"[{name}.json](docs/results/{name}.json)"
            yield from (f"| {what} | {ours} | {peers} | {source} |" for what, ours, peers in make(data))


def table(results: Path = RESULTS) -> str:
    """Return the whole table, or a line that says that there is none yet."""
    lines = list(rows(results))
    return "\n".join([HEAD, *lines]) if lines else "*Nothing measured yet.*"


def updated(text: str, results: Path = RESULTS) -> str:
    """Return a README with the table put between its marks."""
    pattern = re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1])
    new = f"{MARKS[0]}\n\n{table(results)}\n\n{MARKS[1]}"
    return re.sub(pattern, lambda _: new, text, flags=re.S)


def _percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def _expression(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    test = data["test"]
    crops = {
        "own_mesh_crop": "face given, cropped by our mesh",
        "teacher_crop": "face given, cropped by the mesh's teacher",
    }
    crop = next(name for name in crops if name in test)
    scores = test[crop]
    for key, name in (("ferplus", "FER+ test, eight classes, clean rows"), ("fer2013", "FER-2013 test, seven classes")):
        low, high = scores[f"{key}_interval"]
        yield (
            f"{name} (n {scores[f'{key}_rows']:,}), {crops[crop]}",
            f"{_percent(scores[f'{key}_accuracy'])} ({100 * low:.1f}–{100 * high:.1f})",
            "`fer`: see below",
        )
    if new := test.get("own_mesh_crop_new_pictures"):
        low, high = new["fer2013_interval"]
        yield (
            f"Of these the {new['fer2013_rows']:,} that are not in its training split as well",
            f"{_percent(new['fer2013_accuracy'])} ({100 * low:.1f}–{100 * high:.1f})",
            "",
        )
    yield "Calibration error there (FER+)", _percent(scores["ferplus_calibration_error"]), "not stated by `fer`"


def _mesh(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    held = data["held_out_percent"]["passes_2"]
    for key, unit in (("outer_corners", "outer eye corners"), ("eye_centres", "eye centres")):
        low, high = held[key]["ci95"]
        yield (
            f"Mesh, mean point error on {held['n']:,} faces of unseen persons, of the distance of the {unit}",
            f"{held[key]['mean']:.1f} % ({low:.1f}–{high:.1f})",
            "MediaPipe Face Mesh is the teacher",
        )
    hand = data["studio_hand_percent"]
    yield (
        f"Mesh, error at hand-checked points of {hand['n']} portraits, of the eye distance",
        f"{hand['mean']:.1f} %",
        f"MediaPipe Face Mesh {hand['teacher_mean']:.1f} %",
    )
    shown = data["presence"]
    yield "Is this a face? ROC AUC against scenes and half faces", f"{shown['auc']:.4f}", ""
    still = data["jitter_percent"]
    yield (
        "Jitter of the mesh on a still picture with fresh noise, of the eye distance",
        f"{still['ours']:.2f} %",
        f"MediaPipe Face Mesh, following: {still['teacher_video']:.2f} %",
    )
    if follows := data.get("follows"):
        films = follows["films"]
        yield (
            f"How far the mesh follows {films['moments']:,} movements in films, by optical flow (correlation)",
            f"{films['ours']['share']:.2f} ({films['ours']['r']:.2f})",
            f"MediaPipe Face Mesh {films['teacher']['share']:.2f} ({films['teacher']['r']:.2f})",
        )


def _action_units(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    warped, studio = data["warped_photos"], data["studio"]
    whom = f"{warped['faces']} photos of unseen persons, warped by known units"
    for name, key in (("with", "with_neutral"), ("without", "without_neutral")):
        yield f"Action units, r on {whom}, {name} the own neutral", f"{warped[key]['mean']:.2f}", ""
    smiles = studio["auc_au12"]
    yield (
        f"Smiles in {studio['pictures']} portraits by AU12, ROC AUC, with the own neutral; without",
        f"{smiles['with_neutral']:.3f}; {smiles['without_neutral']:.3f}",
        "",
    )


def _detect(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    ours = next(row for name, row in data["detectors"].items() if "yunet" not in name)
    peers = {name: row for name, row in data["detectors"].items() if "yunet" in name}
    best = max(row["ap50_photos_32px"] for row in peers.values())
    yield (
        "Faces of at least 32 px in street photos, average precision at IoU 0.5",
        f"{100 * ours['ap50_photos_32px']:.1f}",
        f"best YuNet {100 * best:.1f}",
    )
    best = max(row["portraits"]["recall_at_1_false_per_100"] for row in peers.values())
    yield (
        "Portraits found at one false box in 100 pictures",
        _percent(ours["portraits"]["recall_at_1_false_per_100"]),
        f"best YuNet {_percent(best)}",
    )
    least = min(row["negatives_held_out"]["false_per_100"] for row in peers.values())
    yield (
        "False boxes in 100 pictures without a face",
        f"{ours['negatives_held_out']['false_per_100']:.1f}",
        f"best YuNet {least:.1f}",
    )


def _peers(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    times = {
        program: {name: value["cpu_ms_median"] for name, value in answer["times"].items()}
        for program, answer in data["programs"].items()
    }
    ours = times["mimika"]
    photo = next(value for name, value in ours.items() if name.startswith("photo"))
    video = next(value for name, value in ours.items() if name.startswith("video"))
    fer = next(iter(times["fer"].values()))
    yield "Photo 640 × 480: faces, mesh, pose, expression; one core", f"{photo:.1f} ms", f"`fer`, no mesh: {fer:.0f} ms"
    mediapipe = next(value for name, value in times["mediapipe"].items() if name.startswith("video"))
    yield (
        "Video frame 640 × 480, the same; one core",
        f"{video:.1f} ms",
        f"MediaPipe Face Mesh, no expression: {mediapipe:.1f} ms",
    )
    yield "Mesh alone, one face; one core", f"{ours['mesh']:.1f} ms", ""
    for side in (640, 320) if "yunet" in times else ():
        yunet = min(value for name, value in times["yunet"].items() if name.endswith(f" {side}"))
        yield (
            f"Detector alone at {side} px; one core",
            f"{ours[f'detector at {side}']:.1f} ms",
            f"fastest YuNet, OpenCV: {yunet:.1f} ms",
        )
    if "accuracy" in data:
        yield from _accuracy(data["accuracy"])


def _accuracy(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    ours, given, itself = data["mimika, from the picture"], data["fer, face given"], data["fer, from the picture"]
    for key, name in (("ferplus", "FER+"), ("fer2013", "FER-2013")):
        yield (
            f"{name}, whole program on the picture, a missed face is wrong (n {ours[f'n_{key}']:,})",
            _percent(ours[key]),
            f"`fer` {_percent(itself[key])}; given the face {_percent(given[key])} (n {given[f'n_{key}']:,})",
        )


def _bench(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    width, height = data.get("width"), data.get("height")
    size = f" {width} × {height}" if width and height else ""
    cores = data["machine"]["cores"]
    yield (
        f"Video{size}, decoding and table included, {cores} cores",
        f"{data['frames_per_s']:.0f} frames/s",
        "",
    )
    if "memory_mb_by_tenth" in data:
        first, last = data["memory_mb_by_tenth"][0], data["memory_mb_by_tenth"][-1]
        yield (
            f"Memory after a tenth and at the end of {data['minutes']:.0f} minutes",
            f"{first:.0f} MB, {last:.0f} MB",
            "",
        )
    if "import_s" in data:
        yield (
            "`import mimika`; first result of a new process",
            f"{data['import_s']:.2f} s; {data['first_result_s']:.2f} s",
            "",
        )


def main() -> None:
    """Write the table, or check it."""
    text = README.read_text(encoding="utf-8")
    new = updated(text)
    if "--check" in sys.argv:
        sys.exit(
            0 if new == text else "README.md: the figures are not those of docs/results; run benchmarks/figures.py"
        )
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
