"""The demo: whoever runs `make demo` first must see faces read as they were made."""

from __future__ import annotations

from pathlib import Path

import demo
import demo_scene
import numpy as np
import pyarrow as pa
import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, list[demo_scene.Truth], Path]:
    """Make the film and read it once for all tests."""
    folder = tmp_path_factory.mktemp("demo")
    video, truths = demo.make_film(folder)
    return demo.analyze(video, folder), truths, folder


def test_script_reaches_every_phase() -> None:
    """A phase that is never promised would make its figure in the report meaningless."""
    truths = [demo_scene.truth_at(number) for number in range(round(demo_scene.SCRIPT[-1].time_s * demo_scene.FPS))]
    for phase in ("neutral", "smile", "frown", "gone"):
        assert sum(truth.phase == phase for truth in truths) >= 15, phase


def test_truth_follows_the_print() -> None:
    """Turning the print clockwise turns the eyes clockwise, and moving it right moves the face right."""
    straight, turned = demo_scene.truth_at(30), demo_scene.truth_at(75)
    assert straight.roll is not None
    assert turned.roll is not None
    assert turned.roll - straight.roll == pytest.approx(18, abs=0.5)
    assert straight.center is not None
    assert turned.center is not None
    assert turned.center[0] > straight.center[0]


def test_film_is_read_as_it_was_made(made: tuple[pa.Table, list[demo_scene.Truth], Path]) -> None:
    """Faces are found and only where they are, in the right place, at the right turn, and as one person."""
    table, truths, _ = made
    result = demo.agreement(table, truths)
    assert result.found >= 0.97
    assert result.empty >= 0.95
    assert result.center < 0.1
    assert result.roll < 2
    assert result.ids == 1


def test_a_face_that_slides_in_fast_is_seen_straight_from_the_first_frame(
    made: tuple[pa.Table, list[demo_scene.Truth], Path],
) -> None:
    """The print never turns away: a yaw in a single frame would be a head that nobody turned."""
    table, _, _ = made
    assert np.nanmax(np.abs(table["yaw"].to_numpy())) < 12
    assert np.nanmin(table["presence"].to_numpy()) > 0.9


@pytest.mark.parametrize("phase", ["neutral", "smile", "frown"])
def test_expressions_are_read_as_they_were_made(
    made: tuple[pa.Table, list[demo_scene.Truth], Path], phase: str
) -> None:
    """A smile made by the warp is called a smile, a frown something unhappy."""
    table, truths, _ = made
    frames, hits = demo.agreement(table, truths).phases[phase]
    assert hits >= 0.8 * frames


def test_times_are_those_of_the_film(made: tuple[pa.Table, list[demo_scene.Truth], Path]) -> None:
    """Every frame has a row, at its presentation time."""
    table, truths, _ = made
    times = dict(zip(table["frame"].to_pylist(), table["time_s"].to_pylist(), strict=True))
    assert sorted(times) == [truth.frame for truth in truths]
    assert np.allclose([times[truth.frame] for truth in truths], [truth.time_s for truth in truths], atol=1e-3)


def test_timeline_is_drawn(made: tuple[pa.Table, list[demo_scene.Truth], Path]) -> None:
    """The timeline is a picture with something on it."""
    cv2 = pytest.importorskip("cv2")
    table, truths, folder = made
    target = folder / "timeline.png"
    demo.timeline_plot(table, target, demo.spans(truths))
    picture = cv2.imread(str(target))
    assert picture.shape[1] > 1000
    assert picture.std() > 20


def test_agreement_sees_a_wrong_reading(made: tuple[pa.Table, list[demo_scene.Truth], Path]) -> None:
    """If every smile were read as neutral the report would say so."""
    table, truths, _ = made
    index = table.column_names.index("p_happiness")
    zero = pa.array([None if value is None else 0.0 for value in table["p_happiness"].to_pylist()], pa.float64())
    wrong = table.set_column(index, "p_happiness", zero)
    assert demo.agreement(wrong, truths).phases["smile"][1] == 0
