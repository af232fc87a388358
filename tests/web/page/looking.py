"""One page in Chromium, and what a test wants to know of it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Chromium = Any
PATIENCE_MS = 120_000
"""The machine may be busy: a test waits for long, and fails only for what never comes."""
PHONE, TABLET, DESKTOP = (390, 844), (820, 1100), (1360, 860)


@dataclass
class Sight:
    """A page that is open; `strangers` are requests to other servers, `complaints` what its console says."""

    page: Any
    context: Any
    root: str
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        chromium: Chromium,
        root: str,
        path: str = "",
        *,
        size: tuple[int, int] = DESKTOP,
        language: str = "en",
        dark: bool = False,
        wait: str = "h1",
    ) -> Sight:
        """Open `path` of the page and wait for its heading."""
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        sight = cls(context.new_page(), context, root)
        sight._listen()
        sight.page.goto(root + path)
        sight.page.wait_for_selector(wait)
        return sight

    def _listen(self) -> None:
        def asked(request: Any) -> None:
            if not request.url.startswith((self.root, "blob:" + self.root, "data:")):
                self.strangers.append(request.url)

        def said(message: Any) -> None:
            # A request that the server refuses is a line in the console too; tests look at what the page makes of it.
            if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
                self.complaints.append(message.text)

        self.page.on("request", asked)
        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def close(self) -> None:
        self.context.close()

    def picture(self, selector: str | None = None) -> NDArray[np.uint8]:
        """Return what the screen shows of an element, or of the window, as (height, width, 3) RGB."""
        shot = self.page.locator(selector).screenshot() if selector else self.page.screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))

    def keep(self, folder: Path, name: str, whole: bool = True) -> None:
        """Keep a screenshot for people to look at."""
        self.page.screenshot(path=str(folder / f"{name}.png"), full_page=whole)

    def is_wider_than_the_window(self) -> bool:
        """Whether a reader would have to scroll sideways."""
        return bool(self.page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))

    def barriers(self, axe: str) -> list[str]:
        """Return what axe-core finds serious or critical, each with the elements that it concerns."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(axe)
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [
            f"{one['id']}: {json.dumps([node['html'][:160] for node in one['nodes']])}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
