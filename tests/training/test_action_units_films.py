"""Units against optical flow: were a way of the skin read as another unit, real films would tell nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mimika.data.labels import ACTION_UNITS
from mimika.stages.measure.action_units import displacements
from mimika.training.action_units_films import _changes, _readout
from mimika.training.mesh_follows import MOST_PX, regions_of


def test_what_a_unit_moves_is_read_as_that_unit_most() -> None:
    read, columns = _readout()
    names = [ACTION_UNITS[column] for column in columns]
    assert {"AU1", "AU2", "AU4", "AU12", "AU26"} <= set(names)
    assert "AU5" not in names, "no region is on the lids"
    for row, unit in enumerate(names):
        way = regions_of(displacements()[ACTION_UNITS.index(unit)].sum(0)[:, :2]).ravel()
        found = read @ way
        if unit not in ("AU26", "AU27"):  # one movement
            assert found.argmax() == row, unit
        assert 0.3 < found[row] < 1.01, unit


def test_a_film_gives_pairs_of_moments(clips: Path) -> None:
    read, columns = _readout()
    flow, units, plain = _changes(clips / "pyfeat-single_face.mp4", "none", read)
    assert flow.shape[1:] == (16, 2)
    assert units.shape == (len(flow), len(ACTION_UNITS))
    assert plain.shape == (len(flow), len(columns))
    assert len(flow) > 10
    assert np.isfinite(flow).all()
    assert np.isfinite(units).all()
    assert np.median(np.abs(flow)) < MOST_PX
