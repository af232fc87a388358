"""A real Chromium that looks at the built page of the real server; each page must stay with that server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests.web.page.looking import Chromium, Sight
from tests.web.running import Running, running

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "src/mimika/web/static"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


def _needs(there: bool, what: str) -> None:
    """Skip without `what` on somebody's machine; fail where everything has to be there."""
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="package")
def static() -> Path:
    """The folder of the built page."""
    _needs((STATIC / "index.html").is_file(), "the built page: make frontend")
    return STATIC


@pytest.fixture(scope="package")
def axe() -> str:
    """The source of axe-core, which finds barriers for people with disabilities."""
    source = ROOT / "frontend/node_modules/axe-core/axe.min.js"
    _needs(source.is_file(), "axe-core: make frontend")
    return source.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def screenshots() -> Path:
    """Where pictures of the page are kept for people to look at."""
    folder = ROOT / "build/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def site(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a worker for videos, for research, its memory in a folder of its own."""
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("site"), job_workers=1)
    with running(config, Purpose("research")) as found:
        yield found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests; its camera shows a test picture."""
    _needs(CHROMIUM.is_file(), f"Chromium at {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield browser
        browser.close()


@pytest.fixture
def look(site: Running, chromium: Chromium) -> Iterator[Callable[..., Sight]]:
    """Open the page: `look("#/video", width=390, language="ru", dark=True)`.

    At the end of the test no page may have asked another server for anything, nor have complained in its console:
    a violation of the Content-Security-Policy shows there.
    """
    opened: list[Sight] = []

    def open_(path: str = "", server: Running = site, **wishes: Any) -> Sight:
        sight = Sight.open(chromium, f"http://127.0.0.1:{server.port}/", path, **wishes)
        opened.append(sight)
        return sight

    yield open_
    for sight in opened:
        sight.close()
    for sight in opened:
        assert sight.strangers == []
        assert sight.complaints == []
