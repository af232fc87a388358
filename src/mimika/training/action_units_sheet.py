"""The sheet of action units in the documentation: each one, at its maximum, on a calm mean face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS
from mimika.stages.faces.align import mirror_map
from mimika.stages.measure.action_units import displacements, triangles
from mimika.stages.measure.pose import fit_mean_face
from mimika.stages.write.units import UNIT_NAMES
from mimika.training.action_units_data import UNITS, with_lips
from mimika.training.action_units_places import calm_portraits
from mimika.training.faces_model import Array
from mimika.training.places import Places
from mimika.training.warps import EYES, MOUTH, displaced


def calm_face(places: Places) -> Array:
    """Return the (478, 3) symmetric median of the neutral studio portraits, in inter-ocular distances."""
    faces = places.faces("studio")
    calm = faces.points[calm_portraits(faces)].astype(np.float64)
    rotations, scales, origins = fit_mean_face(calm)
    shapes = np.einsum("nji,npj->npi", rotations, calm - origins[:, None]) / scales[:, None, None]
    mean = np.median(shapes, axis=0)
    return np.asarray((mean + mean[mirror_map().astype(np.intp)] * (-1, 1, 1)) / 2)


def draw_sheet(places: Places, target: Path) -> None:
    """Draw all units to a picture file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    calm, basis = calm_face(places), displacements().astype(np.float64)
    figure, grid = pyplot.subplots(4, 6, figsize=(13.2, 12.4), facecolor="white")
    draw_face(grid.flat[0], calm)
    grid.flat[0].set_title("neutral", fontsize=11)
    for axes, unit in zip(grid.flat[1:], ACTION_UNITS, strict=True):
        units = np.zeros((1, len(ACTION_UNITS), 2))
        units[0, UNITS[unit]] = 5.0
        if unit == "AU27":
            units[0, UNITS["AU26"]] = 5.0
        moved, _ = with_lips(calm + displaced(calm[None], basis, units), units, basis)
        draw_face(axes, moved[0])
        axes.set_title(f"{unit} {UNIT_NAMES[unit]}", fontsize=11)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=80, pil_kwargs={"optimize": True})
    pyplot.close(figure)


def draw_face(axes: Any, shape: Array) -> None:
    """Draw a shape (478, 3) as a shaded surface with eyes, brows and the inside of the mouth."""
    from matplotlib.collections import PolyCollection

    faces = triangles()
    corners = shape[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    normals *= np.where(normals[:, 2:] > 0, -1, 1)
    light = np.array([-0.3, -0.5, -0.8]) / np.linalg.norm([0.3, 0.5, 0.8])
    shade = 0.25 + 0.7 * np.clip(normals @ light, 0, 1)
    colours = np.stack([shade, shade * 0.93, shade * 0.87], axis=1)
    for rim, colour in (
        (EYES["left"], (0.97, 0.97, 0.97)),
        (EYES["right"], (0.97, 0.97, 0.97)),
        (MOUTH, (0.2, 0.1, 0.1)),
    ):
        colours[_inside(faces, rim)] = colour
    order = np.argsort(-corners[:, :, 2].mean(axis=1))
    flat = corners[order][..., :2] * (1, -1)
    edges = np.clip(colours[order] * 0.93, 0, 1)
    axes.add_collection(PolyCollection(list(flat), facecolors=colours[order], edgecolors=edges, linewidths=0.4))
    for side, iris in (("left", 473), ("right", 468)):
        lids = shape[list(EYES[side]), :2] * (1, -1)
        ball = pyplot_circle(shape[iris, :2] * (1, -1), 0.075)
        ball.set_clip_path(_path(lids), axes.transData)
        axes.add_patch(ball)
        axes.plot(*lids[:9].T, color=(0.15, 0.1, 0.1), lw=1.4)
    for brow in ((70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)):
        axes.fill(*(shape[list(brow), :2] * (1, -1)).T, color=(0.3, 0.22, 0.18), alpha=0.75, lw=0)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.9, 1.35), aspect="equal")
    axes.axis("off")


def pyplot_circle(centre: Array, radius: float) -> Any:
    """Return a dark disc, the iris."""
    from matplotlib.patches import Circle

    return Circle(tuple(centre), radius, color=(0.25, 0.3, 0.38), lw=0)


def _path(points: Array) -> Any:
    from matplotlib.path import Path as Outline

    return Outline(np.concatenate([points, points[:1]]))


def _inside(faces: NDArray[np.int32], rim: tuple[int, ...]) -> NDArray[np.intp]:
    return np.flatnonzero(np.isin(faces, rim).all(axis=1))
