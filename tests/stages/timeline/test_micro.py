"""Spotting in made signals: what is brief and local is found, what is long, noisy or of the whole head is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.movements import NAMES, Movements
from mimika.stages.timeline.episodes import find
from mimika.stages.timeline.micro import MicroRule, spot, visible_from_s
from tests.stages.timeline.made import timeline

Array = NDArray[np.float64]


def bump(time_s: Array, onset: float, apex: float, offset: float) -> Array:
    up = np.clip((time_s - onset) / (apex - onset), 0, 1)
    down = np.clip((time_s - apex) / (offset - apex), 0, 1)
    return np.asarray((np.cos(np.pi * down) - np.cos(np.pi * up)) / 2)


def recording(fps: float = 100.0, seconds: float = 6.0, noise: float = 0.03) -> tuple[Array, Array]:
    time_s = np.arange(round(seconds * fps)) / fps
    random = np.random.default_rng(1)
    drift = 0.1 * np.sin(2 * np.pi * 0.3 * time_s)[:, None, None]
    return time_s, random.normal(0, noise, (len(time_s), len(NAMES), 2)) + drift


def moved(time_s: Array, regions: Array, closed: Array | None = None, head: Array | None = None) -> Movements:
    shut = np.zeros(len(time_s)) if closed is None else closed
    still = np.zeros((len(time_s), 3)) if head is None else head
    return Movements(time_s, regions, still, shut, face=4)


def raise_brows(regions: Array, course: Array, pixels: float = 1.0) -> None:
    for name in ("inner_brow_right", "inner_brow_left", "outer_brow_right", "outer_brow_left"):
        regions[:, NAMES.index(name), 1] -= pixels * course


@pytest.mark.parametrize("fps", [25, 30, 60, 100, 200])
def test_raised_brows_are_found_at_every_frame_rate(fps: int) -> None:
    """When it was, what moved, and what it most likely shows."""
    time_s, regions = recording(fps)
    raise_brows(regions, bump(time_s, 2.0, 2.14, 2.36))
    (found,) = spot(moved(time_s, regions))
    episode = found.episode
    assert (episode.kind, episode.label, episode.side, episode.face) == ("micro", "surprise", "both", 4)
    assert found.units[0] == "AU2"
    assert set(found.units) <= {"AU1", "AU2"}
    assert episode.onset_s == pytest.approx(2.0, abs=0.06)
    assert episode.apex_s == pytest.approx(2.14, abs=0.045)
    assert episode.offset_s == pytest.approx(2.36, abs=0.08)
    assert episode.peak == pytest.approx(1.0, abs=0.25)
    assert episode.confidence > 0.5


def test_one_side_is_told_from_the_other() -> None:
    """A lip corner that rises on the subject's left is not one on both sides."""
    time_s, regions = recording()
    regions[:, NAMES.index("lip_corner_left"), 1] -= bump(time_s, 3.0, 3.1, 3.25)
    (found,) = spot(moved(time_s, regions))
    assert (found.units, found.episode.side, found.episode.label) == (("AU12",), "left", "happiness")


def test_noise_and_full_expressions_are_not_reported() -> None:
    """A quiet face gives nothing, and a smile of two seconds is no micro-expression."""
    time_s, regions = recording()
    assert spot(moved(time_s, regions)) == []
    for side in ("left", "right"):
        course = np.where(time_s < 3.0, bump(time_s, 2.0, 2.5, 9.0), 1) * (time_s < 3.8)
        course += (time_s >= 3.8) * (1 + np.cos(np.pi * np.clip((time_s - 3.8) / 0.6, 0, 1))) / 2
        regions[:, NAMES.index(f"lip_corner_{side}"), 1] -= 5 * np.clip(course, 0, 1)
    assert spot(moved(time_s, regions)) == []


def test_talk_raises_the_measure_of_the_mouth_only() -> None:
    """Who talks moves the lips all the time; raised brows are still seen."""
    time_s, regions = recording(seconds=8)
    for name in ("lower_lip", "chin", "upper_lip_left", "upper_lip_right", "lip_corner_left", "lip_corner_right"):
        talk = np.abs(np.sin(2 * np.pi * 2.1 * time_s)) + np.abs(np.sin(2 * np.pi * 3.3 * time_s + 1))
        regions[:, NAMES.index(name), 1] += 1.5 * talk
    assert spot(moved(time_s, regions)) == []
    raise_brows(regions, bump(time_s, 4.0, 4.14, 4.36))
    (found,) = spot(moved(time_s, regions))
    assert "AU2" in found.units


def test_brows_that_move_with_a_blink_or_a_nod_do_not_count() -> None:
    """Lids pull at the skin above them, and a nod cannot be taken out to the last bit."""
    time_s, regions = recording()
    course = bump(time_s, 2.0, 2.1, 2.25)
    raise_brows(regions, course, 0.6)
    assert len(spot(moved(time_s, regions))) == 1
    assert spot(moved(time_s, regions, closed=course)) == []
    assert spot(moved(time_s, regions, head=20 * np.stack([0 * course, course, 0 * course], axis=1))) == []


def test_a_frame_rate_too_low_is_said_and_a_low_one_tells_its_limit() -> None:
    """At 15 frames/s nobody can tell; at 30 what is shorter than a tenth of a second cannot be seen."""
    time_s, regions = recording(15)
    with pytest.raises(OptionError, match=r"20 frames/s or more, received 15\.0"):
        spot(moved(time_s, regions))
    time_s, regions = recording(30)
    assert visible_from_s(moved(time_s, regions)) == pytest.approx(0.1)


def test_nothing_is_invented_across_an_absence_and_little_is_not_enough() -> None:
    """A face that left and came back elsewhere has not moved a brow."""
    time_s, regions = recording()
    away = (time_s > 2.5) & (time_s < 3.2)
    regions[time_s >= 3.2] += 5
    assert spot(moved(time_s[~away], regions[~away])) == []
    assert spot(moved(time_s[:40], regions[:40])) == []
    assert spot(moved(time_s[:0], regions[:0])) == []


def test_a_stricter_rule_finds_less() -> None:
    """The threshold is the user's to move."""
    time_s, regions = recording()
    raise_brows(regions, bump(time_s, 2.0, 2.14, 2.36))
    assert spot(moved(time_s, regions), MicroRule(enter=100.0)) == []


@pytest.mark.parametrize("fps", [60, 12.5])
def test_brief_movements_are_among_what_a_face_did_or_it_says_why_not(fps: float) -> None:
    """Episodes, reports and ELAN files are made of this; at 12.5 frames/s silence would pass for calm."""
    time_s, regions = recording(fps)
    raise_brows(regions, bump(time_s, 2.0, 2.14, 2.36))
    rows = np.concatenate([regions.reshape(len(time_s), -1), np.zeros((len(time_s), 3))], axis=1)
    did = find(replace(timeline(time_s), movement=rows))
    micro = [episode for episode in did.episodes if episode.kind == "micro"]
    if fps < 20:
        assert micro == []
        assert did.remarks == ["micro-expressions need 20 frames/s or more, received 12.5: too low to tell"]
    else:
        assert [(episode.label, episode.side, episode.face) for episode in micro] == [("surprise", "both", 3)]
        assert micro[0].apex_s == pytest.approx(2.14, abs=0.03)
        assert did.remarks == []
    assert find(timeline(time_s)).remarks == []


def test_a_face_that_was_lost_for_a_while_is_read_in_two_pieces() -> None:
    """Rows without a movement are left out instead of counting as a jump."""
    time_s, regions = recording(50)
    raise_brows(regions, bump(time_s, 4.0, 4.14, 4.36))
    rows = np.concatenate([regions.reshape(len(time_s), -1), np.zeros((len(time_s), 3))], axis=1)
    rows[80:120] = np.nan
    rows[120:, :32] += 5
    micro = [episode for episode in find(replace(timeline(time_s), movement=rows)).episodes if episode.kind == "micro"]
    assert [episode.apex_s for episode in micro] == [pytest.approx(4.14, abs=0.05)]


@pytest.mark.parametrize(("restless", "found"), [(0.0, 1), (2.0, 0)])
def test_in_a_face_that_moves_all_the_time_a_small_movement_says_nothing(restless: float, found: int) -> None:
    """Who talks and nods does something brief all the time; in a calm face the same movement stands out."""
    time_s, regions = recording(30, 12)
    for name in ("outer_brow_right", "outer_brow_left", "inner_brow_right", "inner_brow_left"):
        regions[:, NAMES.index(name), 1] += restless * np.clip(3 * np.sin(2 * np.pi * 0.25 * time_s), -1, 1)
    for side in ("left", "right"):
        regions[:, NAMES.index(f"lip_corner_{side}"), 1] -= bump(time_s, 6.0, 6.14, 6.36)
    assert len(spot(moved(time_s, regions))) == found
    assert len(spot(moved(time_s, regions), MicroRule(lively=1e9))) == 1
