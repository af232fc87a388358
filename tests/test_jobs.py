"""A user would lose the results of good inputs because of a bad one, or not know what made a table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from mimika.data.errors import InputCorrupt, InputMissing, InputUnsupported, OptionError, OutputError, OutputExists
from mimika.data.frame import SourceInfo
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.jobs import JobResult, run_jobs
from mimika.outputs import Outputs
from mimika.stages.write.parquet import partial_path
from tests import media
from tests.stages.write.test_robust import small_disk
from tests.stages.write.test_tables import read
from tests.steady import SteadyPipeline

__all__ = ["small_disk"]


class Witness:
    """A progress that remembers what it was told, and can act at the n-th frame."""

    def __init__(self, at_frame: int = -1, act: Any = None) -> None:
        self.events: list[str] = []
        self._at, self._act, self._frames = at_frame, act, 0

    def started(self, source: str, info: SourceInfo, index: int, total: int) -> None:
        self.events.append(f"started {Path(source).name} {info.kind} {index}/{total}")

    def observed(self, observation: Observation) -> None:
        self._frames += 1
        if self._frames == self._at:
            self._act()

    def finished(self, result: JobResult) -> None:
        self.events.append(f"finished {Path(result.source).name} {result.status}")


def run(inputs: list[Path], out: Path, *save: str, witness: Witness | None = None, **more: Any) -> list[JobResult]:
    options = more.pop("options", Options())
    outputs = Outputs(out, frozenset(save or ("table",)), command=("mimika", "analyze"), **more)
    return run_jobs([str(path) for path in inputs], options, outputs, witness, pipeline=SteadyPipeline())


def meta(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_name(path.name + ".meta.json").read_text("utf-8"))
    return found


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return media.video(tmp_path / "clip.mp4", media.steady(30))


def test_a_video_gets_its_table_overlay_and_sidecar(tmp_path: Path, clip: Path) -> None:
    (result,) = run([clip], tmp_path / "out", "table", "overlay")
    assert (result.status, result.kind, result.frames, result.faces) == ("complete", "video", 30, 30)
    assert (result.labels, result.ids) == ({"happiness": 30}, {0})
    assert [path.name for path in result.paths] == ["clip.csv", "clip-overlay.mp4", "clip.csv.meta.json"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in result.paths}
    rows = read(tmp_path / "out" / "clip.csv")
    assert [row["frame"] for row in rows] == list(range(30))
    assert rows[5]["time_s"] == pytest.approx(0.2)
    with av.open(str(tmp_path / "out" / "clip-overlay.mp4")) as container:
        assert len(list(container.decode(video=0))) == 30


def test_the_sidecar_tells_what_made_the_table(tmp_path: Path, clip: Path) -> None:
    run([clip], tmp_path / "out", "table", "overlay", options=Options(every=2, language="kk"))
    told = meta(tmp_path / "out" / "clip.csv")
    assert (told["status"], told["errors"]) == ("complete", [])
    assert told["counts"] == {"rows": 15, "frames": 15, "faces": 15}
    assert told["options"]["every"] == 2
    assert told["options"]["language"] == "kk"
    assert told["command"] == ["mimika", "analyze"]
    (source,) = told["sources"]
    assert (source["name"], source["kind"], source["width"], source["height"]) == (str(clip), "video", 160, 96)
    assert told["outputs"] == {"table": "clip.csv", "overlay": "clip-overlay.mp4"}
    assert told["units"]["yaw"] == "degrees"
    assert set(told["columns"]) == set(read(tmp_path / "out" / "clip.csv")[0])
    assert {"python", "numpy", "onnxruntime", "opencv-python-headless", "av"} <= set(told["versions"])
    assert [model["name"] for model in told["models"]] == [
        "detect",
        "mesh",
        "eyes",
        "appearance",
        "changes",
        "action_units",
        "expression",
    ]
    assert all(len(model["sha256"]) == 64 for model in told["models"] if "error" not in model)
    assert any("not the emotion" in term for term in told["terms"])


def test_bad_inputs_are_told_and_the_others_are_analysed(tmp_path: Path, clip: Path) -> None:
    missing, text, empty = tmp_path / "missing.mp4", tmp_path / "text.mp4", tmp_path / "empty.jpg"
    text.write_text("this is not a video\n" * 50)
    empty.touch()
    sound = media.sound(tmp_path / "sound.m4a")
    photo = media.photo(tmp_path / "photo.jpg")
    inputs = [missing, text, clip, empty, sound, photo]
    witness = Witness()
    results = run(inputs, tmp_path / "out", witness=witness)
    assert [result.status for result in results] == ["failed", "failed", "complete", "failed", "failed", "complete"]
    kinds = [type(result.error) for result in results if result.error]
    assert kinds == [InputMissing, InputUnsupported, InputCorrupt, InputUnsupported]
    for path, result in zip(inputs, results, strict=True):
        assert result.error is None or (str(path) in str(result.error) and "\n" not in str(result.error))
    assert len(read(tmp_path / "out" / "clip.csv")) == 30
    assert len(read(tmp_path / "out" / "photos.csv")) == 1
    assert witness.events[2:4] == ["started clip.mp4 video 2/6", "finished clip.mp4 complete"]
    assert len([event for event in witness.events if event.startswith("finished")]) == 6


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
def test_rows_before_a_damaged_place_are_kept(tmp_path: Path, format: str) -> None:
    whole = media.video(tmp_path / "cut.mkv", media.steady(200))
    media.cut(whole, 0.6)
    (result,) = run([whole], tmp_path / "out", "table", "overlay", format=format)
    if result.error is None:
        pytest.skip("this cut cannot be told from an end")
    rows = read(tmp_path / "out" / f"cut.{format}")
    assert result.status == "failed"
    assert len(rows) == result.frames > 50
    told = meta(tmp_path / "out" / f"cut.{format}")
    assert (told["status"], told["errors"]) == ("failed", [str(result.error)])


def test_photos_of_one_run_share_a_table(tmp_path: Path) -> None:
    photos = [media.photo(tmp_path / name) for name in ("b.png", "a.jpg", "c.webp")]
    results = run(photos, tmp_path / "out", "table", "overlay")
    assert [row["source"] for row in read(tmp_path / "out" / "photos.csv")] == [str(path) for path in photos]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("photos.csv", "photos.csv.meta.json", "b-overlay.png", "a-overlay.jpg", "c-overlay.jpg")
    }
    assert all(result.paths[0].name == "photos.csv" for result in results)
    told = meta(tmp_path / "out" / "photos.csv")
    assert (told["status"], len(told["sources"]), told["counts"]["frames"]) == ("complete", 3, 3)


def test_one_photo_alone_has_its_own_name_and_an_overlay_of_its_size(tmp_path: Path) -> None:
    photo = media.photo(tmp_path / "portrait.jpg", 176, 97)
    run([photo], tmp_path / "out", "table", "overlay", "mesh")
    rows = read(tmp_path / "out" / "portrait.csv")
    assert rows[0]["x_0"] is not None
    with Image.open(tmp_path / "out" / "portrait-overlay.jpg") as image:
        assert image.size == (176, 97)


def test_inputs_of_the_same_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    clips = [media.video(folder / "clip.mp4", media.steady(5 + index)) for index, folder in enumerate(folders)]
    run(clips, tmp_path / "out")
    assert len(read(tmp_path / "out" / "clip.csv")) == 5
    assert len(read(tmp_path / "out" / "clip-2.csv")) == 6


def test_existing_outputs_are_kept_unless_forced_and_nothing_half_made_stays(tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "clip-overlay.mp4").write_bytes(b"precious")
    (result,) = run([clip], out, "table", "overlay")
    assert isinstance(result.error, OutputExists)
    assert "clip-overlay.mp4" in str(result.error)
    assert [(path.name, path.read_bytes()) for path in out.iterdir()] == [("clip-overlay.mp4", b"precious")]
    (result,) = run([clip], out, "table", "overlay", force=True)
    assert result.status == "complete"
    assert (out / "clip-overlay.mp4").stat().st_size > 1000


def test_an_input_is_never_overwritten_by_its_own_output(tmp_path: Path) -> None:
    clip = media.video(tmp_path / "clip-overlay.mp4", media.steady(5))
    before = clip.read_bytes()
    link = tmp_path / "clip.mp4"
    link.symlink_to(clip)
    (result,) = run([link], tmp_path, "overlay", force=True)
    assert isinstance(result.error, OutputError)
    assert "input itself" in str(result.error)
    assert clip.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
def test_a_signal_ends_between_two_rows_and_leaves_whole_files(
    tmp_path: Path, clip: Path, number: signal.Signals, format: str
) -> None:
    witness = Witness(12, lambda: os.kill(os.getpid(), number))
    handler = signal.getsignal(number)
    results = run([clip, tmp_path / "next.mp4"], tmp_path / "out", "table", "overlay", witness=witness, format=format)
    assert [(result.status, result.signal) for result in results] == [("interrupted", number), ("skipped", number)]
    assert len(read(tmp_path / "out" / f"clip.{format}")) == 12
    assert meta(tmp_path / "out" / f"clip.{format}")["status"] == "interrupted"
    assert not partial_path(tmp_path / "out" / f"clip.{format}").exists()
    with av.open(str(tmp_path / "out" / "clip-overlay.mp4")) as container:
        assert len(list(container.decode(video=0))) == 12
    assert signal.getsignal(number) is handler


def test_photos_before_a_signal_are_kept(tmp_path: Path) -> None:
    photos = [media.photo(tmp_path / f"{index}.png") for index in range(5)]
    witness = Witness(2, lambda: os.kill(os.getpid(), signal.SIGINT))
    results = run(photos, tmp_path / "out", witness=witness)
    assert [result.status for result in results] == ["complete", "interrupted", "skipped", "skipped", "skipped"]
    assert len(read(tmp_path / "out" / "photos.csv")) == 2
    assert meta(tmp_path / "out" / "photos.csv")["status"] == "interrupted"


def test_a_full_disk_fails_one_input_after_the_other_and_keeps_the_rows(small_disk: Path, tmp_path: Path) -> None:
    long = media.video(tmp_path / "long.mp4", media.steady(60))
    short = media.video(tmp_path / "short.mp4", media.steady(3))
    results = run([long, short], small_disk, "mesh")
    assert [result.status for result in results] == ["failed", "failed"]
    assert "no space left" in str(results[0].error)
    assert 5 < len(read(small_disk / "long.csv")) <= 60


def test_it_runs_in_another_thread_where_signals_cannot_be_caught(tmp_path: Path, clip: Path) -> None:
    found: list[JobResult] = []
    thread = threading.Thread(target=lambda: found.extend(run([clip], tmp_path / "out")))
    thread.start()
    thread.join()
    assert [result.status for result in found] == ["complete"]


def test_sound_of_the_source_is_in_the_overlay_in_step(tmp_path: Path) -> None:
    from tests.stages.write.test_overlay_video import click_time, make_sound

    source = tmp_path / "talk.mp4"
    make_sound(source, "aac")
    run([source], tmp_path / "out", "overlay", options=Options(start_s=0.5))
    assert meta(tmp_path / "out" / "talk-overlay.mp4")["sound"] == "copied"
    heard = click_time(tmp_path / "out" / "talk-overlay.mp4")
    assert heard == pytest.approx(click_time(source) - 0.5, abs=0.03)


def test_a_name_with_odd_signs_gives_a_safe_file_name(tmp_path: Path) -> None:
    odd = tmp_path / "a:b*?«ю».mp4"
    media.video(tmp_path / "plain.mp4", media.steady(2)).rename(odd)
    (result,) = run([odd], tmp_path / "out")
    assert [path.name for path in result.paths] == ["a-b---ю-.csv", "a-b---ю-.csv.meta.json"]


def test_unknown_choices_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="video"):
        Outputs(tmp_path, frozenset({"video"}))
    with pytest.raises(OptionError, match="xlsx"):
        Outputs(tmp_path, format="xlsx")


def test_a_killed_run_leaves_a_sidecar_that_says_it_was_running(tmp_path: Path) -> None:
    from tests.cli.test_signals import started

    process = started(tmp_path, "csv")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert meta(tmp_path / "out" / "clip.csv")["status"] == "running"
    assert isinstance(process, subprocess.Popen)
