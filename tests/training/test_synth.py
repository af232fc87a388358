"""Films of made movements: who tests a program with them relies on their truth."""

from __future__ import annotations

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import av
import films
import numpy as np
import pytest
from typer.testing import CliRunner

from mimika.cli.app import app
from mimika.data.errors import OptionError
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.training.synth import Film, Sitter, make, pictures, sit
from mimika.training.synth_plan import MICRO_PX, MICRO_S, Movement, Recipe, plan

SHORT = Film(fps=30, side=128, recipe=Recipe(seconds=1.0, micro=1, macro=0, blinks=0))


@pytest.fixture(scope="module")
def astronaut() -> Sitter:
    frame = films.frames([films.grey_portrait()])[0]
    return sit(frame, 128, Pipeline(Options(faces_max=1)))


def test_movements_do_not_overlap_and_are_what_was_asked_for() -> None:
    """A spotter is tested on events that lie apart, of the sizes that the literature calls micro-expressions."""
    found = plan(Recipe(seconds=12, micro=4, macro=2, blinks=2), np.random.default_rng(3))
    assert sorted(movement.kind for movement in found) == ["blink"] * 2 + ["macro"] * 2 + ["micro"] * 4
    assert all(one.offset_s < other.onset_s for one, other in itertools.pairwise(found))
    assert found[-1].offset_s < 12
    for movement in found:
        if movement.kind == "micro":
            assert MICRO_S[0] <= movement.offset_s - movement.onset_s <= MICRO_S[1]
            assert MICRO_PX[0] <= movement.amplitude_px <= MICRO_PX[1]


def test_too_much_for_a_short_film_is_said() -> None:
    """Nobody waits for a film that cannot be."""
    with pytest.raises(OptionError, match="do not fit into 1 s"):
        plan(Recipe(seconds=1, micro=5), np.random.default_rng(0))


def test_the_face_moves_as_far_as_the_truth_says_and_comes_back(astronaut: Sitter) -> None:
    """The amplitude is pixels at 150 px face width: a brow raised by 6 px at half that width rises 3 px."""
    raised = Movement("micro", "surprise", ("AU1", "AU2"), "both", 0.2, 0.4, 0.7, 6.0)
    film = replace(SHORT, noise=0.0, recipe=replace(SHORT.recipe, head=0.0))
    frames = list(pictures(astronaut, film, [raised], np.random.default_rng(0)))
    brows = slice(int(astronaut.mesh[105, 1]) - 12, int(astronaut.mesh[105, 1]) + 8)
    middle = round(float(astronaut.mesh[105, 0]))
    columns = slice(middle - 8, middle + 8)
    still = frames[0][brows, columns].astype(float)
    apex = frames[12][brows, columns].astype(float)
    misfit = [np.abs(still[shift:] - apex[: len(apex) - shift])[:12].mean() for shift in range(7)]
    assert int(np.argmin(misfit)) in (2, 3)
    assert np.array_equal(frames[25], frames[0])


def test_a_film_and_its_truth_are_seeded_and_whole(astronaut: Sitter, tmp_path: Path) -> None:
    """The same seed makes the same film, and nothing half made is left behind."""
    first = make(astronaut, SHORT, 5, tmp_path / "a.mp4")
    assert make(astronaut, SHORT, 5, tmp_path / "b.mp4") == first
    assert make(astronaut, SHORT, 6, tmp_path / "c.mp4") != first
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "a.mp4", "b.csv", "b.mp4", "c.csv", "c.mp4"]
    with (tmp_path / "a.csv").open(encoding="utf-8") as text:
        (row,) = csv.DictReader(text)
    assert row["kind"] == "micro"
    assert int(row["onset_frame"]) == round(30 * float(row["onset_s"]))
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(list(container.decode(video=0))) == 30
        assert container.streams.video[0].average_rate == 30


def test_the_command_goes_on_where_it_stopped_and_names_photos_without_a_face(tmp_path: Path) -> None:
    """A folder with one bad photo still gives the films of the others, and a second run makes only what is missing."""
    import cv2

    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "ada.png"), films.grey_portrait())
    cv2.imwrite(str(folder / "wall.png"), np.full((128, 128), 90, np.uint8))
    words = ["synth", str(folder), "--out", str(tmp_path / "out"), "--fps", "25", "--seconds", "1", "--side", "96"]
    words += ["--micro", "1", "--macro", "0", "--blinks", "0"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "wall.png: shows no face" in result.stderr
    made = tmp_path / "out" / "ada-25fps-0.mp4"
    before = made.stat().st_mtime_ns
    again = CliRunner().invoke(app, words)
    assert "there already" in again.stdout
    assert made.stat().st_mtime_ns == before
