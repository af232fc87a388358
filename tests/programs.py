"""Programs that some tests run: a test is skipped where one is missing, and fails in CI, which installs them all."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

_PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def needed(name: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails where the variable CI is set."""
    found = shutil.which(name, path=_PLACES)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed; .ci/run has to")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
