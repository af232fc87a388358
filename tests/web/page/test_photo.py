"""A reader measures a photo: without this, nobody could read what a face resembles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mimika.data.labels import TRANSLATIONS
from tests.films import portrait, scene
from tests.web.page.looking import PHONE, Sight
from tests.web.running import Running, empty_picture, picture

FILES = "input[type=file]"
Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def smiling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "astronaut.jpg"
    path.write_bytes(picture())
    return path


def test_a_photo_is_uploaded_and_its_label_read(look: Look, smiling: Path, screenshots: Path) -> None:
    sight = look()
    sight.page.set_input_files(FILES, smiling)
    verdict = sight.page.locator(".verdict")
    assert verdict.get_attribute("data-label") == "happiness"
    assert "Expression resembles" in verdict.inner_text()
    assert sight.page.locator(".bar-strong").inner_text().split()[0] == "happiness"
    assert "AU12" in sight.page.locator(".units").inner_text()
    smile = sight.page.locator(".units tbody tr", has_text="AU12").inner_text()
    assert re.search(r"\d\.\d [C-E]\s+\d\.\d [C-E]\s+(even|left|right)", smile), smile
    sight.keep(screenshots, "photo-desktop")


def test_the_box_lies_on_the_face(look: Look, site: Running, smiling: Path) -> None:
    box = site.client.post("/v1/images", files={"files": smiling.read_bytes()}).json()["images"][0]["faces"][0]["box"]
    sight = look(size=PHONE)
    sight.page.set_input_files(FILES, smiling)
    sight.page.wait_for_selector(".verdict")
    shown = sight.picture(".stage").astype(int)
    scale = min(shown.shape[1] / 512, shown.shape[0] / 512)
    left = (shown.shape[1] - 512 * scale) / 2
    # The colour of happiness, which the portrait does not have in straight lines.
    own = (abs(shown - (255, 200, 60)).sum(2) < 60).astype(int)
    columns, rows = np.flatnonzero(own.sum(0) > 0.5 * box[3] * scale), np.flatnonzero(own.sum(1) > 0.5 * box[2] * scale)
    drawn = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    told = [left + box[0] * scale, box[1] * scale, left + (box[0] + box[2]) * scale, (box[1] + box[3]) * scale]
    assert np.abs(np.array(drawn) - told).max() < 2.5


def test_the_mesh_comes_on_request_only(look: Look, smiling: Path, screenshots: Path) -> None:
    sight = look(size=PHONE, dark=True, language="uk")
    sight.page.set_input_files(FILES, smiling)
    sight.page.wait_for_selector(".verdict")
    before = sight.picture(".stage").astype(int)
    with sight.page.expect_response("**/v1/images") as asked:
        sight.page.locator("label.switch").first.click()
    assert len(asked.value.json()["images"][0]["faces"][0]["mesh"]) == 478
    sight.page.wait_for_selector('.photo[data-busy="false"]')
    assert (abs(sight.picture(".stage").astype(int) - before).sum(2) > 30).mean() > 0.005
    sight.keep(screenshots, "photo-mesh-phone-dark-uk")


def test_each_face_of_several_can_be_chosen_with_keys(look: Look, tmp_path: Path, screenshots: Path) -> None:
    path = tmp_path / "two.png"
    cv2.imwrite(str(path), scene((180, 180, 1.0), (460, 190, 0.9), mirrored=1))
    sight = look()
    sight.page.set_input_files(FILES, path)
    tabs = sight.page.get_by_role("tab")
    tabs.first.wait_for()
    assert tabs.count() == 2
    tabs.first.focus()
    yaw = sight.page.locator(".facts").inner_text()
    sight.page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert sight.page.locator(".facts").inner_text() != yaw
    sight.keep(screenshots, "photo-two-desktop")


def test_the_result_is_saved_as_the_server_gave_it(look: Look, smiling: Path, tmp_path: Path) -> None:
    sight = look()
    sight.page.set_input_files(FILES, smiling)
    sight.page.wait_for_selector(".verdict")
    with sight.page.expect_download() as coming:
        sight.page.get_by_role("button", name="Save JSON").click()
    coming.value.save_as(tmp_path / "saved.json")
    saved = json.loads((tmp_path / "saved.json").read_text(encoding="utf-8"))
    assert coming.value.suggested_filename == "astronaut.mimika.json"
    assert saved["images"][0]["faces"][0]["label"] == "happiness"


def test_a_pasted_picture_is_measured(look: Look) -> None:
    sight = look(language="kk")
    ok, png = cv2.imencode(".png", np.ascontiguousarray(portrait()[..., ::-1]))
    assert ok
    sight.page.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
            dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
        }""",
        png.ravel().tolist(),
    )
    assert TRANSLATIONS["kk"]["happiness"] in sight.page.locator(".verdict").inner_text().lower()


def test_no_face_and_no_picture_are_told_in_words(look: Look, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(empty_picture())
    (tmp_path / "letter.png").write_text("no picture at all")
    sight = look()
    sight.page.set_input_files(FILES, tmp_path / "empty.png")
    sight.page.get_by_text("No face was found.").wait_for()
    sight.page.get_by_role("button", name="Other picture").click()
    sight.page.set_input_files(FILES, tmp_path / "letter.png")
    assert "letter.png" in sight.page.get_by_role("alert").inner_text()


def test_a_picture_is_taken_with_the_camera(look: Look, screenshots: Path) -> None:
    sight = look()
    sight.page.get_by_role("button", name="Take a picture").click()
    shutter = sight.page.get_by_role("button", name="Take it")
    shutter.wait_for()
    sight.page.wait_for_function("() => document.querySelector('.camera').videoWidth > 0")
    sight.keep(screenshots, "photo-camera-desktop", whole=False)
    shutter.click()
    # Chromium's fake camera shows a clock, no face.
    sight.page.get_by_text("No face was found.").wait_for()
    assert sight.page.get_by_role("dialog").count() == 0
