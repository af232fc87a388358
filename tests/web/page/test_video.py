"""A reader measures a film: boxes that lag behind the face would make every other figure doubtful."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.web.page.looking import DESKTOP, PHONE, TABLET, Sight
from tests.web.page.marked import HEIGHT, TIMES_MS, WIDTH, Screen, film, marked
from tests.web.running import Running

FILES = "input[type=file]"
DONE = "[data-phase=done]"
Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def recorded(site: Running, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A film that was analysed and kept, by its id."""
    path = film(tmp_path_factory.mktemp("films") / "kept.mp4")
    told = site.client.post("/v1/videos", files={"file": path.read_bytes()}, data={"keep_media": "true"}).json()
    with site.client.stream("GET", f"/v1/jobs/{told['job']['id']}/events", timeout=120) as events:
        assert any("event: end" in line for line in events.iter_lines())
    return told["recording"]["id"], path


def _seek(sight: Sight, seconds: float) -> Screen:
    """Move the film and wait until the frame and its box are on the screen."""
    sight.page.evaluate(
        """async seconds => {
            const video = document.querySelector("video");
            video.pause();
            const shown = new Promise(done => video.requestVideoFrameCallback(done));
            video.currentTime = seconds;
            await shown;
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        }""",
        seconds,
    )
    return Screen(sight.picture(".stage"))


def _error(site: Running, recording: str, screen: Screen) -> float:
    """Return by how many pixels of the screen the drawn box is off from that of the frame on the screen."""
    time_s = TIMES_MS[screen.number] / 1000
    frames = site.client.get(f"/v1/recordings/{recording}/frames", params={"start": time_s - 0.001}).json()
    assert abs(frames["time_s"][0] - time_s) < 0.001
    return float(np.abs(screen.box() - screen.told(frames["faces"][0][0]["box"])).max())


def test_a_film_plays_while_it_is_analysed_and_shows_what_was_found(
    look: Look, tmp_path: Path, screenshots: Path
) -> None:
    path = film(tmp_path / "walk.mp4")
    sight = look("#/video")
    sight.page.set_input_files(FILES, path)
    sight.page.wait_for_function("() => document.querySelector('video')?.videoWidth === 640")
    assert "analysed" in sight.page.locator(".analysing").inner_text()
    sight.page.wait_for_selector(DONE)
    assert sight.page.locator(".analysing").inner_text() == ""
    sight.page.wait_for_selector(".chart canvas")
    _seek(sight, 0.37)
    assert sight.page.locator(".verdict").get_attribute("data-label") == "happiness"
    assert "AU12" in sight.page.locator(".table").inner_text()
    sight.keep(screenshots, "video-desktop")
    # The recording has an address of its own now: coming back finds it again.
    assert re.search(r"#/video/\w{32}$", sight.page.url)


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_the_overlay_follows_the_film_within_two_pixels(
    look: Look, site: Running, recorded: tuple[str, Path], size: tuple[int, int], screenshots: Path
) -> None:
    recording, _ = recorded
    sight = look(f"#/video/{recording}", size=DESKTOP)
    sight.page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    sight.page.wait_for_function("""() => document.querySelector("canvas")?.dataset.shown?.includes('"boxes":[[')""")
    sight.page.set_viewport_size({"width": size[0], "height": size[1]})
    seen = set()
    for seconds in (0.09, 0.3, 0.5, 0.7):
        screen = _seek(sight, seconds)
        seen.add(screen.number)
        assert _error(site, recording, screen) < 2
    assert seen == {2, 5, 8, 13}
    assert not sight.is_wider_than_the_window()
    sight.keep(screenshots, f"video-kept-{size[0]}")


def test_a_film_with_its_results_has_no_serious_barrier(look: Look, recorded: tuple[str, Path], axe: str) -> None:
    sight = look(f"#/video/{recorded[0]}", size=TABLET, dark=True, language="ru")
    sight.page.wait_for_selector(".table")
    sight.page.locator(".menu summary").click()
    assert sight.barriers(axe) == []


def test_a_lying_film_that_begins_late_is_drawn_upright_and_in_time(look: Look, site: Running, tmp_path: Path) -> None:
    path = film(tmp_path / "turned.mp4", frames=6, turned=True, late_ms=1000)
    sight = look("#/video")
    sight.page.set_input_files(FILES, path)
    sight.page.wait_for_selector(DONE)
    recording = sight.page.url.rsplit("/", 1)[1]
    screen = _seek(sight, 1.13)
    assert screen.number == 3
    assert _error(site, recording, screen) < 2


def test_a_click_on_the_curves_moves_the_film(look: Look, recorded: tuple[str, Path]) -> None:
    sight = look(f"#/video/{recorded[0]}", dark=True)
    over = sight.page.locator(".chart .u-over")
    over.wait_for()
    sight.page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    sight.page.evaluate("() => document.querySelector('video').pause()")
    width = over.bounding_box()["width"]
    span = sight.page.evaluate("() => document.querySelector('video').duration")
    over.click(position={"x": 0.5 * width, "y": 30})
    sight.page.wait_for_function(
        "half => Math.abs(document.querySelector('video').currentTime - half) < 0.05", arg=span / 2
    )
    sight.page.locator(".chart").focus()
    sight.page.keyboard.press("ArrowLeft")
    sight.page.wait_for_function("() => document.querySelector('video').currentTime < 0.05")


def test_single_frames_can_be_stepped_through(look: Look, recorded: tuple[str, Path]) -> None:
    sight = look(f"#/video/{recorded[0]}")
    sight.page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    assert _seek(sight, 0.17).number == 4
    sight.page.get_by_role("button", name="Next frame").click()
    sight.page.wait_for_function("""() => document.querySelector("canvas").dataset.shown.includes('"time_s":0.24')""")
    assert Screen(sight.picture(".stage")).number == 5


def test_results_leave_in_the_formats_of_other_tools(look: Look, recorded: tuple[str, Path]) -> None:
    sight = look(f"#/video/{recorded[0]}")
    sight.page.locator(".menu summary").click()
    for name, ending in (("CSV", ".csv"), ("ELAN", ".eaf")):
        with sight.page.expect_download() as coming:
            sight.page.locator(".menu a", has_text=name).first.click()
        assert coming.value.suggested_filename.endswith(ending)
        assert coming.value.failure() is None


def test_a_film_that_was_not_kept_is_asked_for_again(look: Look, site: Running, tmp_path: Path) -> None:
    path = film(tmp_path / "gone.mp4", frames=3)
    told = site.client.post("/v1/videos", files={"file": path.read_bytes()}).json()
    sight = look(f"#/video/{told['recording']['id']}")
    sight.page.wait_for_selector(DONE)
    sight.page.set_input_files(FILES, path)
    sight.page.wait_for_function("""() => document.querySelector("canvas")?.dataset.shown?.includes('"boxes":[[')""")


def test_an_analysis_can_be_stopped(look: Look, site: Running, tmp_path: Path) -> None:
    sight = look("#/video")
    path = media.video(tmp_path / "long.mp4", media.steady(900), WIDTH, HEIGHT, pictures=[marked(0)] * 900)
    sight.page.set_input_files(FILES, path)
    sight.page.wait_for_selector("[data-phase=waiting], [data-phase=running]")
    sight.page.get_by_role("button", name="Stop").click()
    sight.page.wait_for_selector("[data-phase=cancelled]")
    assert site.client.get("/v1/jobs").json()["jobs"][0]["status"] == "cancelled"


def test_a_file_that_is_no_film_is_told_in_words(look: Look, tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("no film at all")
    sight = look("#/video")
    sight.page.set_input_files(FILES, tmp_path / "letter.mp4")
    sight.page.wait_for_selector("[data-phase=failed]")
    assert sight.page.get_by_role("alert").inner_text()
