"""Where a benchmark keeps slow results: a folder for each set of networks, so that none are read of other ones."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mimika.data.options import Options
from mimika.stages.write.sidecar import models


def own_folder(keep: Path) -> Path:
    """Return the folder below `keep` that belongs to the networks as they ship."""
    return keep / hashlib.sha256(json.dumps(models(Options())).encode()).hexdigest()[:16]
