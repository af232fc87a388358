"""The public names: whoever adds or removes one does it on purpose, here too."""

from __future__ import annotations

import subprocess
import sys

import mimika

PUBLIC = [
    "Analyzer",
    "CameraLost",
    "CloudError",
    "Episode",
    "Event",
    "Events",
    "Expressions",
    "Face",
    "Faces",
    "Frame",
    "ImageResult",
    "InputCorrupt",
    "InputError",
    "InputMissing",
    "InputTooLarge",
    "InputUnreadable",
    "InputUnsupported",
    "Mark",
    "Measurements",
    "MimikaError",
    "Mixture",
    "ModelError",
    "Observation",
    "Opinion",
    "OptionError",
    "Options",
    "OutputError",
    "OutputExists",
    "OutputFull",
    "ShapeError",
    "StoreBusy",
    "StoreError",
    "StoreMissing",
    "StoreUnreachable",
    "StoreVersion",
    "Timeline",
    "Track",
    "Transition",
    "VideoResult",
    "__version__",
    "analyze_image",
    "analyze_video",
]


def test_the_public_names_are_these():
    assert mimika.__all__ == PUBLIC
    assert dir(mimika) == PUBLIC


def test_every_public_name_is_there_and_has_a_docstring():
    for name in PUBLIC:
        value = getattr(mimika, name)
        if name != "__version__":
            assert value.__name__ == name
            assert value.__doc__


def test_every_error_on_purpose_is_public():
    from mimika.data import errors

    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert ours <= set(PUBLIC)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(mimika, "analyse_image")


def test_importing_mimika_loads_nothing_heavy_and_takes_less_than_a_third_of_a_second():
    code = (
        "import time, sys; began = time.perf_counter(); import mimika; took = time.perf_counter() - began;"
        "print(took, *sorted({'numpy', 'cv2', 'onnxruntime', 'av', 'pyarrow', 'PIL'} & set(sys.modules)))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(3)]
    answers = [run.stdout.split() for run in runs]
    assert min(float(answer[0]) for answer in answers) < 0.3
    assert answers[0][1:] == []
