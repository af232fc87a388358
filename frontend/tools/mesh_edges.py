"""Writes src/draw/edges.ts: which points of the 478-point mesh a line joins when it is drawn.

The triangles are the Delaunay triangulation of the shipped mean face seen from the front, without those that would
close the mouth or the eyes and without slivers at its rim. Run in the repository root:

    python frontend/tools/mesh_edges.py
"""

from pathlib import Path

import numpy as np
from scipy.spatial import Delaunay

FACE_POINTS = 468
LEFT_EYE = (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)
LONGEST = 0.42
PER_LINE = 28


def edges() -> list[tuple[int, int]]:
    """Return the pairs of points, the smaller index first."""
    shipped = np.load(Path("src/mimika/models/mean_face.npz"))
    points, mirror = shipped["points"][:FACE_POINTS, :2], shipped["mirror"]
    holes = [set(LEFT_EYE), {int(mirror[index]) for index in LEFT_EYE}, {*UPPER_LIP, *LOWER_LIP}]
    found = set()
    for triangle in Delaunay(points).simplices:
        corners = {int(index) for index in triangle}
        sides = np.linalg.norm(points[triangle] - points[np.roll(triangle, 1)], axis=1)
        if sides.max() > LONGEST or any(corners <= hole for hole in holes):
            continue
        found |= {(a, b) for a in corners for b in corners if a < b}
    return sorted(found)


def main() -> None:
    """Write the file."""
    numbers = [str(index) for pair in edges() for index in pair]
    lines = [", ".join(numbers[at : at + PER_LINE]) for at in range(0, len(numbers), PER_LINE)]
    head = "/** Pairs of mesh points that a line joins; written by tools/mesh_edges.py. */\n"
    head += "export const EDGES: readonly number[] = [\n"
    Path("frontend/src/draw/edges.ts").write_text(head + "".join(f"  {line},\n" for line in lines) + "];\n")


if __name__ == "__main__":
    main()
