"""A user would read wrong milliseconds from `mimika bench`."""

from __future__ import annotations

import pytest

from mimika.hooks import StageTimer
from tests.builders import frame


def test_each_stage_has_its_own_figures_in_the_order_seen() -> None:
    timer, picture = StageTimer(), frame()
    for milliseconds in range(1, 101):
        timer("faces", picture, None, float(milliseconds))
        timer("measure", picture, None, 2.0)
    faces, measure = timer.summary()
    assert (faces.stage, faces.frames, faces.mean_ms, faces.median_ms) == ("faces", 100, 50.5, 50.5)
    assert faces.p95_ms == pytest.approx(95.05)
    assert (measure.mean_ms, measure.p95_ms) == (2.0, 2.0)


def test_a_long_run_keeps_a_bounded_number_of_times_but_counts_all() -> None:
    timer, picture = StageTimer(), frame()
    for _ in range(50_000):
        timer("faces", picture, None, 1.0)
    assert timer.summary()[0].frames == 50_000
    assert sum(len(latest) for latest in timer._latest.values()) == 20_000
