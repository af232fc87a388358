"""mimika beside its peers, on the same pictures, on one core, in one run.

    .venv/bin/python benchmarks/peers.py --data ../shared/data --results docs/results/peers.json

Each peer gets a virtual environment of its own under build/peers, because their dependencies exclude each other. The
pictures are frames of the demo's film (640 x 480, one face), so anyone can repeat the times; accuracy and YuNet need
the data folder. Every process is bound to one core. Times are processor time per picture, decoding excluded, the median
over the pictures; rounds of all peers alternate and the best round counts, so that other work on the machine weighs
little.
"""

from __future__ import annotations

import argparse
import datetime
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from timing import EVERY

from mimika.evaluation.peers import ALONE, PACKAGES, environment

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FER7_FROM_8 = {"neutral": 6, "happiness": 3, "surprise": 5, "sadness": 4, "anger": 0, "disgust": 1, "fear": 2}
FERPLUS = (*FER7_FROM_8, "contempt")


def film_frames(folder: Path, count: int) -> Path:
    """Write `count` frames of the demo's film, one after the other, all with the face, as PNG."""
    sys.path.insert(0, str(ROOT / "examples"))
    from demo import make_film

    target = folder / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    video, truths = make_film(folder)
    first = next(truth.frame for truth in truths if truth.phase == "smile") - 30
    assert all(truth.phase != "gone" for truth in truths[first : first + count])
    with av.open(str(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if first <= index < first + count:
                cv2.imwrite(str(target / f"{index:04}.png"), frame.to_ndarray(format="bgr24"))
    return target


def test_faces(data: Path, target: Path) -> dict[str, np.ndarray]:
    """Decode the FER test faces into one file; returns labels and votes."""
    table = pq.read_table(sorted((data / "fer2013").glob("test-*.parquet"))[0])
    images = [np.asarray(Image.open(io.BytesIO(row["bytes"])).convert("L")) for row in table["image"].to_pylist()]
    np.savez(target, images=np.stack(images))
    return {"label": np.array(table["label"].to_pylist()), "votes": np.array(table["votes"].to_pylist())}


def run(python: Path, script: str, arguments: list[str], core: int) -> dict[str, Any]:
    """Run a peer's script bound to one core and return its answer."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(
            [str(python), str(HERE / script), *arguments, file.name],
            check=True,
            env=os.environ | ALONE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        answer: dict[str, Any] = json.loads(Path(file.name).read_text(encoding="utf-8"))
    return answer


def accuracy(truth: dict[str, np.ndarray], answers: dict[str, Any]) -> dict[str, Any]:
    """Score FER-2013 (seven classes) and clean FER+ (eight; unique top vote above five, a face with a name).

    A face that a program did not find counts as wrong; `found` says how many it found.
    """
    votes, label = truth["votes"], truth["label"]
    top, plus = votes.max(1), votes.argmax(1)
    clean = ((votes == top[:, None]).sum(1) == 1) & (top > 5) & (plus < 8)
    seven = np.array([FER7_FROM_8.get(name, -2) for name in FERPLUS])[np.minimum(plus, 7)]

    def score(rows: slice, guess7: Any, guess8: Any = None) -> dict[str, float]:
        got7, named, ripe = np.asarray(guess7), label[rows] >= 0, clean[rows]
        right8 = np.asarray(guess8) == plus[rows] if guess8 is not None else got7 == seven[rows]
        return {
            "fer2013": float((got7 == label[rows])[named].mean()),
            "n_fer2013": int(named.sum()),
            "ferplus": float(right8[ripe].mean()),
            "n_ferplus": int(ripe.sum()),
            "found": float((got7 >= 0).mean()),
        }

    fer, ours, all_rows, some = answers["fer"], answers["mimika"], slice(None), slice(None, None, EVERY)
    return {
        "fer, face given": score(all_rows, fer["given"]),
        "fer, face given, full network": score(all_rows, fer["given_full"]),
        "fer, from the picture": score(some, fer["itself"]),
        "mimika, from the picture": score(some, ours["itself7"], ours["itself"]),
    }


def best(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Keep the answers of the first round and, of each time, the quickest round."""
    kept = rounds[0]
    for name in kept["times"]:
        kept["times"][name] = min((r["times"][name] for r in rounds), key=lambda one: one["cpu_ms_median"])
    return kept


def ratios(answers: dict[str, Any]) -> dict[str, float]:
    """Return how many times as long each peer takes as the part of mimika that does the same work."""
    ours = {name: times["cpu_ms_median"] for name, times in answers["mimika"]["times"].items()}
    photo = next(value for name, value in ours.items() if name.startswith("photo"))
    video = next(value for name, value in ours.items() if name.startswith("video"))
    result = {}
    for name, times in answers["fer"]["times"].items():
        result[f"fer {name} / mimika photo, whole"] = times["cpu_ms_median"] / photo
        result[f"fer {name} / mimika video, whole"] = times["cpu_ms_median"] / video
    for name, times in answers["mediapipe"]["times"].items():
        result[f"mediapipe {name} / mimika, whole"] = times["cpu_ms_median"] / (video if "video" in name else photo)
    for name, times in answers.get("yunet", {"times": {}})["times"].items():
        side = name.rsplit(" ", 1)[1]
        result[f"{name} / mimika detector at {side}"] = times["cpu_ms_median"] / ours[f"detector at {side}"]
    return result


def collect(choice: argparse.Namespace, pictures: str, faces: str) -> dict[str, list[dict[str, Any]]]:
    """Run all peers in turn, round by round; the FER faces are read in the first round only."""
    core = max(os.sched_getaffinity(0))
    pythons = {name: environment(name, choice.environments) for name in PACKAGES}
    found: dict[str, list[dict[str, Any]]] = {}
    for index in range(choice.rounds):
        asked = faces if index == 0 else "-"
        plan = [("mimika", Path(sys.executable), asked), ("fer", pythons["fer"], asked)]
        plan.append(("mediapipe", pythons["mediapipe"], "-"))
        if choice.data.is_dir():
            plan.append(("yunet", Path(sys.executable), str(choice.data / "teachers")))
        for peer, python, extra in plan:
            print(f"round {index + 1}: {peer}", file=sys.stderr)
            found.setdefault(peer, []).append(run(python, f"read_{peer}.py", [pictures, extra], core))
    return found


def main() -> None:
    """Run everything and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--environments", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results" / "peers.json")
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        pictures, faces, truth = film_frames(Path(name), choice.pictures), "-", None
        if choice.data.is_dir():
            faces = str(Path(name) / "faces.npz")
            truth = test_faces(choice.data, Path(faces))
        found = collect(choice, str(pictures), faces)
    answers = {peer: best(rounds) for peer, rounds in found.items()}
    result = {
        "command": "python benchmarks/peers.py",
        "date": datetime.date.today().isoformat(),
        "machine": {"processor": _processor(), "python": platform.python_version(), "cores used": 1},
        "pictures": f"{choice.pictures} frames of the demo's film, 640 x 480, one face",
        "programs": {p: {k: a[k] for k in ("version", "times", "found")} for p, a in answers.items()},
        "times as long as mimika": ratios(answers),
    }
    if truth is not None:
        result["accuracy"] = accuracy(truth, answers)
    choice.results.parent.mkdir(parents=True, exist_ok=True)
    choice.results.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def _processor() -> str:
    """Return the processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
