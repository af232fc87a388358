"""Fine movements of a real face whose truth is known."""

from __future__ import annotations

import films
import numpy as np
import pytest

from mimika.data.frame import Frame
from mimika.data.movements import NAMES, Movements
from mimika.data.options import Options
from mimika.data.timeline import Timeline
from mimika.micro import follow
from mimika.pipeline import Pipeline
from mimika.stages.timeline.micro import movements_of
from mimika.training.synth import Film, pictures, sit
from mimika.training.synth_plan import Movement, Recipe

FPS = 60.0


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """The brows are raised by 1 px at 0.5 s while the head turns by some degrees."""
    who = sit(films.frames([films.grey_portrait()])[0], 192, Pipeline(Options(faces_max=1)))
    film = Film(fps=FPS, side=192, noise=0.5, recipe=Recipe(seconds=1.2, head=1.0))
    raised = Movement("micro", "surprise", ("AU1", "AU2"), "both", 0.35, 0.5, 0.7, 1.0)
    return list(films.frames(pictures(who, film, [raised], np.random.default_rng(2)), FPS))


@pytest.fixture(scope="module")
def frowned(frames: list[Frame]) -> Movements:
    (found,) = follow(frames, Options(faces_max=1))
    return found


def test_a_movement_of_less_than_a_pixel_is_measured_while_the_head_turns(frowned: Movements) -> None:
    """Brows rise and nothing else does; a region shows less than the point that moves most, since still skin pulls."""
    apex, before = round(0.5 * FPS), slice(0, round(0.33 * FPS))
    rise = -(frowned.regions[apex - 1 : apex + 2, :, 1].mean(axis=0) - frowned.regions[before, :, 1].mean(axis=0))
    brows = [NAMES.index(name) for name in NAMES if "brow" in name]
    others = [NAMES.index(name) for name in ("nose_wing_left", "nose_wing_right", "lip_corner_left", "chin")]
    assert 0.35 < rise[brows].max() < 1.05
    assert rise[brows].mean() > 2 * np.abs(rise[others]).max()


def test_every_frame_has_its_row_and_the_eyes_stay_open(frowned: Movements) -> None:
    """Frames between two meshes are followed as well, so that high frame rates are of use."""
    assert len(frowned) == round(1.2 * FPS)
    assert frowned.step_s == pytest.approx(1 / FPS)
    assert frowned.closed.max() < 0.4
    assert np.ptp(frowned.head[:, :2]) > 0.5


def test_the_pipeline_measures_the_same_along_with_everything_else(frames: list[Frame], frowned: Movements) -> None:
    """So that episodes hold what `mimika spot` finds; without the option nothing is followed and nothing is said."""
    pipeline = Pipeline(Options(faces_max=1, micro=True))
    (line,) = Timeline.collect(map(pipeline.process, frames))
    found = movements_of(line)
    assert found is not None
    assert len(found) == len(frames)
    assert np.abs(found.regions - frowned.regions).mean() < 0.05
    assert np.corrcoef(found.head[:, 0], frowned.head[:, 0])[0, 1] > 0.99
    (plain,) = Timeline.collect([Pipeline(Options(faces_max=1)).process(frames[0])])
    assert plain.movement is None
