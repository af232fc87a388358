"""Build what measures action units: displacements, regressors, their card, and the sheet in the documentation.

    python recipes/action_units.py --labels build/teacher --cache build/cache

The data folder holds the morphable face (`face_model/`) and the face pictures; the labels come from
`recipes/teachers/label_mesh.py`. What looks at pictures learns from the answers of the networks `appearance` and
`changes`, which `python -m mimika.training.appearance` and `… .changes` make before. Slow steps keep their results in
the cache. About 40 minutes on two cores.
"""

from __future__ import annotations

import argparse
import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
import tomli_w
import torch

from mimika.data.labels import ACTION_UNITS
from mimika.stages.measure.unit_inputs import unit_file
from mimika.training.action_units import basis_arrays, regressors_compared, regressors_seen
from mimika.training.action_units_sheet import draw_sheet
from mimika.training.places import Places


def main() -> None:
    """Parse the command line, build, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    Places.ask(parser)
    parser.add_argument("--sheet", type=Path, default=Path("docs/images/action-units.png"))
    parser.add_argument("--only-sheet", action="store_true", help="draw the displacements that ship")
    options = parser.parse_args()
    torch.set_num_threads(1)
    places = Places.chosen(options)
    if not options.only_sheet:
        target = Path(str(resources.files("mimika.models"))) / "action_units.npz"
        model = places.model()
        arrays = basis_arrays(model)
        if not target.is_file():
            np.savez_compressed(target, **arrays)
        unit_file.cache_clear()
        weights = regressors_compared(places) | regressors_seen(places)
        halves = {name: array.astype(np.float16 if array.ndim == 2 else np.float32) for name, array in weights.items()}
        np.savez_compressed(target, **arrays, **halves)
        target.with_suffix(".toml").write_text(tomli_w.dumps(card(target, model.distance)), "utf-8")
        unit_file.cache_clear()
    draw_sheet(places, options.sheet)


def card(target: Path, distance: float) -> dict[str, object]:
    """Return where the arrays come from and on what terms."""
    return {
        "name": "action_units",
        "version": "6",
        "architecture": "dense regressors from shape, distances, appearance; displacements of 23 units, two sides",
        "licence": "Apache-2.0; displacements derived from ICT-FaceKit (MIT)",
        "labels": list(ACTION_UNITS),
        "input": {"name": "numbers", "of": "a mesh, its neutral, what `appearance` and `changes` say"},
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "bytes": target.stat().st_size,
        "recipe": "recipes/action_units.py",
        "registration": {
            "mean_distance": round(distance, 4),
            "unit": "inter-ocular distances, free points, before they are laid on the surface",
        },
        "data": [
            {"name": "ICT-FaceKit", "use": "identities and 57 named movements", "terms": "MIT"},
            {"name": "MediaPipe canonical face model", "use": "vertex order, triangles", "terms": "Apache-2.0"},
            {
                "name": "FER-2013 with FER+ votes",
                "use": "which expressions hold which units, by the votes",
                "terms": "research; MIT",
            },
            {
                "name": "faces (LFW), studio, people, clips",
                "use": "photos warped, errors of our meshes; the expressions that our network reads in them",
                "terms": "research use, CC BY 4.0, MIT",
            },
        ],
        "scores": {
            "file": "docs/results/action_units.json",
            "command": "python -m mimika.training.evaluate_action_units",
        },
    }


if __name__ == "__main__":
    main()
