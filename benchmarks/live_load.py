"""Live clients against a real server: how soon each frame is answered; writes docs/results/live_load.json.

    python benchmarks/live_load.py --clients 8 --fps 10 --size 640x480 --seconds 30 [--clip FILE]

The server is `mimika serve`, one process with its decoders, on a free port with an empty store. Each client sends the
frames of a clip as JPEG through a socket of its own, at the given rate whatever comes back, as a browser does; each
begins at another place of the clip. Without a clip the portrait that scikit-image ships moves about. The time of an
answer counts from handing the frame to the socket until the observation is there. Clients run in this process; their
share of the processor is told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parents[1]
HEADER = struct.Struct("<BBHHHd")
WARM_S = 3.0
"""Answers of the first seconds do not count: networks and trackers begin."""
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Client:
    """What one client saw."""

    sent: int = 0
    answers_ms: list[float] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)
    faces: int = 0
    dropped: int = 0
    errors: list[str] = field(default_factory=list)


def frames_of(clip: Path | None, size: tuple[int, int], quality: int, count: int = 150) -> list[bytes]:
    """Return up to `count` frames as JPEG of `size`."""
    pictures = _portrait(size, count) if clip is None else _clip(clip, size, count)
    coded = [cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes() for picture in pictures]
    if not coded:
        raise SystemExit(f"{clip}: no frame can be read")
    return coded


def _clip(clip: Path, size: tuple[int, int], count: int) -> list[Any]:
    reader, found = cv2.VideoCapture(str(clip)), []
    while len(found) < count:
        read, picture = reader.read()
        if not read:
            break
        height, width = picture.shape[:2]
        scale = max(size[0] / width, size[1] / height)
        grown = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        top, left = (grown.shape[0] - size[1]) // 2, (grown.shape[1] - size[0]) // 2
        found.append(np.ascontiguousarray(grown[top : top + size[1], left : left + size[0]]))
    return found


def _portrait(size: tuple[int, int], count: int) -> list[Any]:
    from skimage.data import astronaut

    portrait = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    found = []
    for number in range(count):
        second = number / 25
        matrix = cv2.getRotationMatrix2D((220, 120), 8 * np.sin(0.7 * second), size[1] / 480 * 1.2)
        matrix[:, 2] += (size[0] / 2 - 220 + 60 * np.sin(0.43 * second), size[1] / 2 - 120)
        found.append(cv2.warpAffine(portrait, matrix, size, borderValue=(110, 110, 110)))
    return found


async def run_client(address: str, frames: list[bytes], first: int, fps: float, seconds: float) -> Client:
    """Send frames for some seconds and take note of the answers."""
    seen = Client()
    sent_at: dict[float, float] = {}
    async with connect(address, max_size=1 << 22, compression=None) as line:
        await line.send(json.dumps({"type": "start", "options": {}}))
        ready = json.loads(await line.recv())
        if ready["type"] != "ready":
            raise SystemExit(f"refused: {ready}")
        began = time.perf_counter()

        async def listen() -> None:
            async for text in line:
                now, told = time.perf_counter(), json.loads(text)
                if told["type"] == "error":
                    seen.errors.append(told["message"])
                if told["type"] != "observation":
                    continue
                seen.dropped = told["dropped"]
                at = sent_at.pop(told["time_s"], None)
                if at is not None and at - began >= WARM_S:
                    seen.answers_ms.append(1000 * (now - at))
                    seen.server_ms.append(told["server_ms"])
                    seen.faces += len(told["faces"])

        listener = asyncio.ensure_future(listen())
        number = 0
        # Cameras do not tick together.
        due = began + (first * 0.37 % 1) / fps
        while due - began < seconds + WARM_S:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            time_s = round(time.perf_counter() - began, 6)
            sent_at[time_s] = time.perf_counter()
            await line.send(HEADER.pack(1, 1, 0, 0, 0, time_s) + frames[(first + number) % len(frames)])
            seen.sent += time_s >= WARM_S
            number += 1
            due += 1 / fps
        await asyncio.sleep(0.5)
        await line.send(json.dumps({"type": "stop"}))
        listener.cancel()
    return seen


class Server:
    """`mimika serve` in a process of its own; its processor time and memory are those of its children too."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "mimika", "serve", "--port", str(self.port), "--data-dir", str(folder)]
        command += ["--job-workers", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Wait until it answers, and declare a purpose."""
        base = f"http://127.0.0.1:{self.port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{base}/healthz", timeout=2).close()
                break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.1)
        body = json.dumps({"kind": "research"}).encode()
        request = urllib.request.Request(f"{base}/v1/purpose", body, {"Content-Type": "application/json"}, method="PUT")
        urllib.request.urlopen(request, timeout=30).close()

    def used(self) -> tuple[float, int]:
        """Return seconds of processor time and bytes of memory by now."""
        seconds, memory = 0.0, 0
        for pid in [self.process.pid, *_children(self.process.pid)]:
            try:
                parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                seconds += (int(parts[11]) + int(parts[12])) / TICK
                status = Path(f"/proc/{pid}/status").read_text()
                memory += next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
            except (OSError, StopIteration):
                continue
        return seconds, memory

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


async def run_clients(arguments: argparse.Namespace, frames: list[bytes], server: Server) -> dict[str, Any]:
    """Run all clients and return the figures."""
    address = f"ws://127.0.0.1:{server.port}/v1/live"
    step = max(1, len(frames) // arguments.clients)
    before, began, own = server.used()[0], time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    seen = await asyncio.gather(
        *(
            run_client(address, frames, number * step, arguments.fps, arguments.seconds)
            for number in range(arguments.clients)
        )
    )
    wall, after = time.perf_counter() - began, server.used()
    mine = resource.getrusage(resource.RUSAGE_SELF)
    clients_s = mine.ru_utime + mine.ru_stime - own.ru_utime - own.ru_stime
    answers = np.array([each for client in seen for each in client.answers_ms])
    served = np.array([each for client in seen for each in client.server_ms])
    if not len(answers):
        raise SystemExit(f"no frame was answered: {[client.errors[:1] for client in seen]}")
    by_client = [float(np.percentile(client.answers_ms, 95)) for client in seen if client.answers_ms]
    return {
        "sent": sum(client.sent for client in seen),
        "answered": len(answers),
        "dropped": sum(client.dropped for client in seen),
        "errors": sum(len(client.errors) for client in seen),
        "faces_a_frame": round(sum(client.faces for client in seen) / len(answers), 3),
        "answer_ms": {f"p{rank}": round(float(np.percentile(answers, rank)), 1) for rank in (50, 95, 99)},
        "server_ms": {f"p{rank}": round(float(np.percentile(served, rank)), 1) for rank in (50, 95, 99)},
        "slowest_client_p95_ms": round(max(by_client), 1),
        "server_cores_used": round((after[0] - before) / wall, 3),
        "clients_cores_used": round(clients_s / wall, 3),
        "server_memory_mb": round(after[1] / 2**20),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--quality", type=int, default=80, help="of the JPEG, 1..100")
    parser.add_argument("--clip", type=Path, help="a video with one face; the moving portrait without")
    parser.add_argument("--json", type=Path, default=ROOT / "docs" / "results" / "live_load.json")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    frames = frames_of(arguments.clip, (width, height), arguments.quality)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            server.wait()
            found = asyncio.run(run_clients(arguments, frames, server))
        finally:
            server.stop()
    told = {
        "command": "python benchmarks/" + " ".join([Path(sys.argv[0]).name, *_without_folders(sys.argv[1:])]),
        "clients": arguments.clients,
        "fps": arguments.fps,
        "size": [width, height],
        "seconds": arguments.seconds,
        "clip": arguments.clip.name if arguments.clip else "moving portrait",
        "jpeg_bytes": round(float(np.mean([len(frame) for frame in frames]))),
        **found,
        "load_before": round(load, 2),
        "nice": os.nice(0),
        "machine": {"cores": len(os.sched_getaffinity(0)), "system": platform.platform()},
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    print(json.dumps(told, indent=2))


def _without_folders(words: list[str]) -> list[str]:
    """Return a command's words without where files lie on this machine."""
    return [Path(word).name if "/" in word and Path(word).is_absolute() else word for word in words]


if __name__ == "__main__":
    main()
