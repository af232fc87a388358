"""Where the server wants a token, the page asks for it once, keeps none of it, and works with it in every view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests.web.page.looking import Sight
from tests.web.page.seeding import recorded
from tests.web.running import Running, running

Look = Callable[..., Sight]


@pytest.fixture
def guarded_site(static: Path, tmp_path: Path) -> Iterator[Running]:
    config = ServerConfig(port=0, data_dir=tmp_path / "guarded", job_workers=0, require_token=True)
    with running(config, Purpose("research")) as site:
        yield site


def test_a_token_is_asked_for_kept_out_of_the_page_and_given_back(
    look: Look, guarded_site: Running, screenshots: Path
) -> None:
    recorded(guarded_site, "Kept from strangers", owner="researcher")
    secret = guarded_site.token("researcher", ("read", "analyze"))
    sight = look("#/history", guarded_site)
    dialog = sight.page.get_by_role("dialog", name="Sign in")
    field = dialog.get_by_label("Access token")
    field.fill("mk_" + "x" * 43)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.get_by_role("alert").wait_for()
    sight.keep(screenshots, "sign-in-desktop", whole=False)
    field.fill(secret)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.wait_for(state="detached")
    sight.page.get_by_role("link", name="Kept from strangers").wait_for()
    kept = sight.page.evaluate("() => JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie")
    assert secret not in kept
    sight.page.goto(f"{sight.root}#/live")
    sight.page.get_by_test_id("start").click()
    sight.page.get_by_text("No face in the picture.").first.wait_for()
    sight.page.wait_for_function("() => /ms/.test(document.querySelector('[data-testid=delay]').innerText)")
    sight.page.get_by_test_id("stop").click()
    sight.page.goto(f"{sight.root}#/about")
    sight.page.get_by_role("button", name="Show the log").click()
    sight.page.get_by_role("alert").get_by_text("Your token may not read the log.").wait_for()
    sight.page.get_by_role("button", name="Sign out").click()
    sight.page.get_by_role("dialog", name="Sign in").wait_for()
