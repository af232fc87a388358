"""People who are measured more than once: named, given their own neutral face, exported, erased."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests.web.page.looking import PHONE, Sight
from tests.web.page.seeding import recorded
from tests.web.running import Running, empty_picture, picture, running

Look = Callable[..., Sight]


@pytest.fixture(scope="module")
def people(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("people"), job_workers=0)
    with running(config, Purpose("research")) as site:
        yield site


def test_a_profile_is_made_renamed_and_erased_with_its_recordings(
    look: Look, people: Running, screenshots: Path, axe: str
) -> None:
    sight = look("#/profiles", people)
    sight.page.get_by_role("textbox", name="Name").fill("Bela")
    sight.page.get_by_role("textbox", name="Note").fill("control group")
    sight.page.get_by_role("button", name="Create").click()
    card = sight.page.get_by_test_id("profile")
    card.wait_for()
    assert sight.barriers(axe) == []
    sight.keep(screenshots, "profiles-desktop")
    sight.page.get_by_role("button", name="Rename or note: Bela").click()
    sight.page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Béla")
    sight.page.get_by_role("button", name="Save").click()
    sight.page.get_by_role("heading", name="Béla").wait_for()
    person = people.store.profiles("local")[0]
    assert (person.name, person.notes) == ("Béla", "control group")
    recorded(people, "Béla speaks", person=person.id)
    sight.page.get_by_role("button", name="Delete: Béla").click()
    sight.page.get_by_text("Delete all recordings of this person too").click()
    sight.keep(screenshots, "profiles-delete", whole=False)
    sight.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    sight.page.get_by_text("No profile yet.").wait_for()
    assert people.store.recordings("local")[0] == []


def test_a_neutral_face_comes_from_a_photo_or_a_stretch_of_a_recording(
    look: Look, people: Running, tmp_path: Path
) -> None:
    person = people.store.add_profile("local", "Chen").id
    recorded(people, "Chen rests", "neutral", person=person)
    (tmp_path / "face.jpg").write_bytes(picture())
    (tmp_path / "wall.png").write_bytes(empty_picture())
    sight = look("#/profiles", people)
    neutral = sight.page.get_by_role("button", name="Neutral face")
    neutral.click()
    sight.page.set_input_files("dialog input[type=file]", tmp_path / "wall.png")
    assert "wall.png" in sight.page.get_by_role("alert").inner_text()
    sight.page.set_input_files("dialog input[type=file]", tmp_path / "face.jpg")
    sight.page.get_by_text("There is one.").wait_for()
    assert people.store.profile("local", person).baseline.method == "image"
    neutral.click()
    sight.page.get_by_role("spinbutton", name="To, s").fill("1.2")
    sight.page.get_by_role("button", name="Use this stretch").click()
    sight.page.get_by_role("dialog").wait_for(state="detached")
    baseline = people.store.profile("local", person).baseline
    assert baseline.source == "Chen rests"
    assert baseline.frames == 12, "those before 1.2 s, ten a second"


def test_everything_on_one_person_is_taken_along(look: Look, people: Running, screenshots: Path) -> None:
    sight = look("#/profiles", people, size=PHONE, language="uk", dark=True)
    sight.keep(screenshots, "profiles-phone-dark-uk")
    with sight.page.expect_download() as coming:
        sight.page.get_by_role("link", name="Вивантажити все про цю людину").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes()))
    assert archive.testzip() is None
    assert any("profile" in name for name in archive.namelist())
    assert len(archive.namelist()) > 1
