"""The page as a whole: languages, keys, screen readers, sizes; and that it asks nobody but its own server."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mimika.data.labels import TRANSLATIONS
from tests.web.page.looking import DESKTOP, PHONE, TABLET, Sight
from tests.web.running import picture

FILES = "input[type=file]"
VIEWS = ("photo", "video", "live", "history", "profiles", "about")
Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def smiling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "astronaut.jpg"
    path.write_bytes(picture())
    return path


def test_the_built_page_needs_no_weak_policy_and_no_other_server(static: Path) -> None:
    html = (static / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert addresses
    for address in addresses:
        assert re.fullmatch(r"/static/assets/[\w.-]+-[\w-]{8}\.\w+", address)
        assert (static / address.removeprefix("/static/")).is_file()
    for style in static.rglob("*.css"):
        assert not re.search(r"url\(|@import", style.read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", ["ru", "uk", "kk"])
def test_the_page_speaks_the_language_that_is_chosen_and_remembers_it(look: Look, smiling: Path, language: str) -> None:
    sight = look()
    sight.page.set_input_files(FILES, smiling)
    sight.page.wait_for_selector(".verdict")
    sight.page.get_by_test_id("language").select_option(language)
    label = TRANSLATIONS[language]["happiness"]
    sight.page.wait_for_function("code => document.documentElement.lang === code", arg=language)
    assert label in sight.page.locator(".verdict").inner_text().lower()
    assert sight.page.locator(".nav").inner_text() != "Photo"
    sight.page.reload()
    sight.page.wait_for_function("code => document.documentElement.lang === code", arg=language)


def test_a_photo_is_measured_with_keys_alone(look: Look, smiling: Path) -> None:
    sight = look("#/video")
    # Listening begins early: Playwright takes a moment until it hears of choosers.
    choosers: list[Any] = []
    sight.page.on("filechooser", lambda chooser: choosers.append(chooser))
    keys = sight.page.keyboard
    keys.press("Tab")
    assert sight.page.evaluate("() => document.activeElement.className") == "skip"
    for _ in range(2):
        keys.press("Tab")
    assert sight.page.evaluate("() => document.activeElement.getAttribute('href')") == "#/photo"
    keys.press("Enter")
    sight.page.wait_for_selector(".photo-welcome")
    # The view that was opened has the focus; its first stop is the button for files.
    assert sight.page.evaluate("() => document.activeElement.id") == "main"
    keys.press("Tab")
    keys.press("Enter")
    for _ in range(600):
        if choosers:
            break
        sight.page.wait_for_timeout(50)
    choosers[0].set_files(smiling)
    sight.page.wait_for_selector(".verdict")
    sight.page.get_by_role("switch", name="Show the mesh").focus()
    with sight.page.expect_response("**/v1/images"):
        keys.press("Space")


def test_colours_can_be_chosen(look: Look) -> None:
    sight = look(dark=False)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = sight.page.evaluate(ground)
    button = sight.page.get_by_role("button", name=re.compile("^Colours"))
    button.click()
    assert sight.page.evaluate(ground) == light
    button.click()
    assert sight.page.evaluate(ground) != light


@pytest.mark.parametrize(
    ("size", "language", "dark"), [(PHONE, "kk", False), (TABLET, "en", True), (DESKTOP, "ru", False)]
)
def test_every_view_fits_the_screen_without_a_serious_barrier(
    look: Look, axe: str, smiling: Path, screenshots: Path, size: tuple[int, int], language: str, dark: bool
) -> None:
    sight = look(size=size, language=language, dark=dark)
    for view in VIEWS:
        sight.page.goto(f"{sight.root}#/{view}")
        sight.page.wait_for_selector(f".main-{view} h1")
        assert not sight.is_wider_than_the_window(), view
        # What the colours of light and dark do is the same on a desktop as on a phone.
        assert size == DESKTOP or sight.barriers(axe) == [], view
        sight.keep(screenshots, f"view-{view}-{size[0]}", whole=False)
    sight.page.goto(f"{sight.root}#/photo")
    sight.page.set_input_files(FILES, smiling)
    sight.page.wait_for_selector(".verdict")
    assert not sight.is_wider_than_the_window()
    assert sight.barriers(axe) == []
