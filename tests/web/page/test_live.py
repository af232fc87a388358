"""A face in front of the camera is measured as it moves, recorded, and found again in the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mimika.data.errors import StoreMissing
from tests.programs import needed
from tests.web.page.looking import PHONE, Chromium, Sight
from tests.web.page.seeding import CAMERA_X, camera_film
from tests.web.running import Running

See = Callable[..., Sight]
FAKE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"
FACE = "[data-testid=live-face]"


@contextmanager
def browser_with(chromium: Chromium, *flags: str) -> Iterator[Chromium]:
    """One more browser of the same kind, with another camera."""
    browser = chromium.browser_type.launch(executable_path=needed("chromium"), args=["--no-sandbox", *flags])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def camera(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser whose camera shows a smiling face."""
    film = camera_film(tmp_path_factory.mktemp("camera") / "face.mjpeg")
    with browser_with(chromium, FAKE, ALLOWED, f"--use-file-for-fake-video-capture={film}") as browser:
        yield browser


@pytest.fixture
def see(site: Running, camera: Chromium) -> Iterator[See]:
    """Open the live view; at the end no stranger may have been asked and nothing complained of."""
    opened: list[Sight] = []

    def open_(**wishes: Any) -> Sight:
        sight = Sight.open(camera, f"http://127.0.0.1:{site.port}/", "#/live", **wishes)
        opened.append(sight)
        return sight

    yield open_
    for sight in opened:
        sight.close()
        assert (sight.strangers, sight.complaints) == ([], [])


def started(sight: Sight) -> Sight:
    """Start the camera and wait for the first face."""
    sight.page.get_by_test_id("start").click()
    sight.page.wait_for_selector(FACE)
    return sight


def test_a_session_is_read_recorded_found_in_history_and_erased(see: See, site: Running, screenshots: Path) -> None:
    sight = started(see())
    assert sight.page.locator(".live-face .verdict").get_attribute("data-label") == "happiness"
    sight.page.wait_for_function("() => /^[\\d,]+ ms$/.test(document.querySelector('[data-testid=delay]').innerText)")
    assert sight.page.get_by_text("Faces are being analysed").is_visible()
    sight.page.get_by_role("textbox", name="Name of the recording").fill("Smile for me")
    sight.page.get_by_role("button", name="Record the session").click()
    sight.page.get_by_role("textbox", name="Mark").fill("joke told")
    sight.page.get_by_role("button", name="Set a mark").click()
    sight.page.get_by_test_id("events").get_by_text("Mark: joke told").wait_for()
    sight.page.get_by_test_id("baseline").click()
    sight.page.get_by_text("Look neutral:").wait_for()
    sight.page.get_by_test_id("events").get_by_text("Neutral face measured.").wait_for()
    sight.keep(screenshots, "live-desktop", whole=False)
    sight.page.get_by_role("button", name="End the recording").click()
    sight.page.get_by_test_id("stop").click()
    assert sight.page.get_by_text("Faces are being analysed").count() == 0
    sight.page.get_by_role("link", name="Open it").click()
    sight.page.get_by_role("heading", name="Smile for me").wait_for()
    key = sight.page.url.rsplit("/", 1)[1]
    sight.page.get_by_role("region", name="Events").get_by_text("joke told").wait_for()
    kept = site.store.recording("local", key)
    assert kept.kind == "live"
    assert kept.labels["happiness"] == kept.frames > 0
    sight.page.get_by_role("button", name="Delete").click()
    sight.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    sight.page.get_by_text("“Smile for me” is deleted.").wait_for()
    with pytest.raises(StoreMissing):
        site.store.recording("local", key)


def box_middle(sight: Sight) -> float:
    """Where the middle of the happy face's box is drawn, as a share of the picture's width."""
    for _ in range(100):
        shown = sight.picture(".live-stage").astype(int)
        height, width = shown.shape[:2]
        lines = np.flatnonzero((abs(shown - (255, 200, 60)).sum(2) < 90).sum(0) > 0.1 * height)
        # Both sides of the box: what changes between two frames may be half drawn in a screenshot.
        if len(lines) and lines.max() - lines.min() > 0.1 * width:
            return float(lines.min() + lines.max()) / 2 / width
        sight.page.wait_for_timeout(100)
    pytest.fail("no box is drawn")


def test_the_box_lies_on_the_face_in_the_mirror_and_without(see: See) -> None:
    sight = started(see())
    left = CAMERA_X / 640
    assert abs(box_middle(sight) - (1 - left)) < 0.03, "a mirror shows at the right what the camera has at the left"
    sight.page.get_by_text("Mirror picture").click()
    sight.page.wait_for_selector("video:not(.mirrored)")
    assert abs(box_middle(sight) - left) < 0.03


def test_a_purpose_for_one_session_hides_expressions(see: See, axe: str, screenshots: Path) -> None:
    sight = see()
    sight.page.get_by_text("Another purpose for this session only").click()
    sight.page.get_by_label("Education").check()
    sight.page.get_by_text("Only the action-unit mode runs").wait_for()
    sight.page.locator(".purpose-agree input").check()
    sight.page.get_by_role("button", name="Declare").click()
    started(sight)
    assert sight.page.locator(".verdict, .bars [class*=label-]").count() == 0
    tabs = sight.page.get_by_role("region", name="The last minute").get_by_role("tab").all_inner_texts()
    assert tabs == ["Action units", "Head pose"]
    assert "AU12" in sight.page.locator(FACE).inner_text()
    said = sight.page.locator("main").inner_text().lower()
    assert not any(word in said for word in ("happiness", "valence", "unsure"))
    assert sight.barriers(axe) == []
    sight.keep(screenshots, "live-action-units")


def test_a_broken_line_is_taken_up_again_with_the_same_session(see: See) -> None:
    sight = see(language="uk", dark=True, size=PHONE)
    lines: list[Any] = []
    said: list[str] = []

    def through(line: Any) -> None:
        lines.append(line)
        server = line.connect_to_server()
        line.on_message(server.send)

        def back(message: str | bytes) -> None:
            if isinstance(message, str) and '"ready"' in message:
                said.append(message)
            line.send(message)

        server.on_message(back)

    sight.page.route_web_socket("**/v1/live", through)
    started(sight)
    lines[0].close(code=1011, reason="test")
    sight.page.get_by_text("Зв’язок відновлено, сеанс триває.").wait_for()
    sight.page.wait_for_selector(".live-face")
    assert len(lines) == 2
    assert '"resumed":false' in said[0]
    assert '"resumed":true' in said[1]


def test_an_unplugged_camera_is_told_and_the_lamp_goes_out(see: See, screenshots: Path) -> None:
    sight = started(see(language="ru", size=PHONE))
    sight.keep(screenshots, "live-phone-ru")
    pull = "() => document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    sight.page.evaluate(pull)
    assert "вынута" in sight.page.get_by_role("alert").inner_text()
    assert sight.page.get_by_test_id("start").is_visible()
    state = "() => document.querySelector('video').srcObject.getVideoTracks()[0].readyState"
    assert sight.page.evaluate(state) == "ended"


@pytest.mark.parametrize(("flags", "text"), [((ALLOWED,), "No camera was found."), ((FAKE,), "may not use the camera")])
def test_a_camera_that_is_missing_or_denied_is_told_in_words(
    site: Running, chromium: Chromium, flags: tuple[str, ...], text: str
) -> None:
    with browser_with(chromium, *flags) as browser:
        sight = Sight.open(browser, f"http://127.0.0.1:{site.port}/", "#/live")
        sight.page.get_by_test_id("start").click()
        sight.page.get_by_role("alert").get_by_text(text).wait_for()
        assert sight.page.get_by_test_id("start").is_visible()
        sight.close()
