"""What several tests share: where the real data lies, and which networks are there."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
"""Real data for measuring; it is not part of the repository, and tests that need it are skipped without it."""


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; skips the test where it is missing."""
    if not DATA.is_dir():
        pytest.skip(f"needs the data folder {DATA}")
    return DATA


@pytest.fixture(scope="session")
def clips(shared_data: Path) -> Path:
    """The folder of real video clips; skips the test where it is missing."""
    return shared_data / "clips"
