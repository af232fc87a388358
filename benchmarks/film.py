"""Speed, memory and start-up on a long 720p film of one moving face; writes docs/results/bench.json.

    python benchmarks/film.py [--minutes 10] [--film build/film720.mp4]

The film is made from the public-domain portrait that scikit-image ships: half a minute, repeated. `mimika bench` times
it; another process analyses it while its memory is read once a second; more time the import and the first result.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIZE, RATE = (1280, 720), 25


def write_film(target: Path, minutes: float) -> None:
    """Write half a minute and repeat its packets until the film is long enough."""
    part = target.with_name(f"part-{target.name}")
    write_part(part, 30)
    with av.open(str(part)) as source, av.open(str(target), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.dts is not None]
        length = round(30 / source.streams.video[0].time_base)
        for round_ in range(round(2 * minutes)):
            for packet in packets:
                again = av.Packet(bytes(packet))
                again.pts, again.dts = packet.pts + round_ * length, packet.dts + round_ * length
                again.time_base, again.stream, again.is_keyframe = packet.time_base, stream, packet.is_keyframe
                container.mux(again)
    part.unlink()


def write_part(target: Path, length: float) -> None:
    """Write `length` seconds of H.264 in which the portrait drifts, tilts and nears, with fresh sensor noise."""
    from skimage.data import astronaut

    portrait = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2YUV)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 2, (8, SIZE[1], SIZE[0], 1)).astype(np.float32)
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "22"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(round(length * RATE)):
            second = number / RATE
            scale = 1.3 + 0.2 * np.sin(0.31 * second)
            matrix = cv2.getRotationMatrix2D((220, 120), 8 * np.sin(0.7 * second), scale)
            matrix[:, 2] += (420 + 150 * np.sin(0.43 * second), 240 + 60 * np.cos(0.57 * second))
            picture = cv2.warpAffine(portrait, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)
            noisy = np.clip(picture + noise[number % 8], 0, 255).astype(np.uint8)
            rgb = cv2.cvtColor(noisy, cv2.COLOR_YUV2RGB)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))


def memory_by_tenth(film: Path) -> list[float]:
    """Analyse the film in a process of its own; return its resident megabytes at each tenth of the run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mimika", "analyze", str(film), "--save", "table", "--out", folder, "--quiet"]
        process = subprocess.Popen(command)
        samples = []
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/statm").read_text(encoding="utf-8").split()
            samples.append(int(status[1]) * 4096 / 1e6)
            time.sleep(1)
        if process.returncode:
            raise SystemExit(f"analyze ended with {process.returncode}")
    places = np.linspace(0, len(samples) - 2, 11).astype(int)[1:]
    return [round(samples[place]) for place in places]


def seconds(code: str, repeats: int = 5) -> float:
    """Return the median wall time of a fresh interpreter that runs `code`, less that of one that does nothing."""

    def median(program: str) -> float:
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
        return float(np.median(times))

    return round(median(code) - median("pass"), 3)


def measured(film: Path, portrait: Path) -> dict[str, Any]:
    """Return all figures as plain numbers."""
    command = [sys.executable, "-m", "mimika", "bench", str(film), "--frames", "1500", "--json"]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    result["memory_mb_by_tenth"] = memory_by_tenth(film)
    result["import_s"] = seconds("import mimika")
    result["first_result_s"] = seconds(f"import mimika; mimika.analyze_image({str(portrait)!r})")
    result["source"] = film.name
    result["command"] = "python benchmarks/film.py"
    result.setdefault("width", SIZE[0])
    result.setdefault("height", SIZE[1])
    return result


def main() -> None:
    """Make the film if it is not there, measure, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--film", type=Path, default=ROOT / "build" / "film720.mp4")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "bench.json")
    options = parser.parse_args()
    if not options.film.exists():
        write_film(options.film, options.minutes)
    from skimage.data import astronaut

    portrait = options.film.with_suffix(".png")
    cv2.imwrite(str(portrait), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
    result = measured(options.film, portrait) | {"minutes": options.minutes}
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
