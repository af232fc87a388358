"""A reader would take a cloud model's word for this machine's, or not see why it says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.asking import asking_server
from tests.web.page.looking import Sight
from tests.web.page.marked import film
from tests.web.running import Running, picture

Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def asking(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks a provider on loopback about every face."""
    evidence = "The brows are raised and the mouth is open."
    with asking_server(tmp_path_factory.mktemp("asking"), "every:1", evidence, workers=1) as (server, _, _):
        yield server


@pytest.mark.parametrize(("language", "machine"), [("en", "This machine"), ("ru", "Этот компьютер")])
def test_the_photo_page_shows_both_opinions(
    look: Look, asking: Running, tmp_path: Path, screenshots: Path, language: str, machine: str
) -> None:
    photo = tmp_path / "astronaut.jpg"
    photo.write_bytes(picture())
    sight = look(server=asking, language=language)
    sight.page.set_input_files("input[type=file]", photo)
    shown = sight.page.locator(".second-opinion")
    words = shown.inner_text()
    assert shown.get_attribute("data-origin") == "cloud:gpt-4.1-mini"
    assert machine in words
    assert "gpt-4.1-mini" in words
    assert "90" in words
    assert "The brows are raised and the mouth is open." in words
    sight.keep(screenshots, f"photo-second-opinion-{language}")


def test_the_video_page_shows_both_opinions_with_the_time_that_they_are_about(
    look: Look, asking: Running, tmp_path: Path, screenshots: Path
) -> None:
    told = asking.client.post(
        "/v1/videos", files={"file": film(tmp_path / "walk.mp4").read_bytes()}, data={"keep_media": "true"}
    ).json()
    with asking.client.stream("GET", f"/v1/jobs/{told['job']['id']}/events", timeout=240) as events:
        assert any("event: end" in line for line in events.iter_lines())
    sight = look(f"#/video/{told['recording']['id']}", server=asking)
    shown = sight.page.locator(".second-opinion")
    shown.wait_for()
    words = shown.inner_text()
    assert shown.get_attribute("data-origin") == "cloud:gpt-4.1-mini"
    assert "Asked about the picture at 0.00 s" in words
    assert "This machine" in words
    assert "The brows are raised and the mouth is open." in words
    sight.keep(screenshots, "video-second-opinion")
