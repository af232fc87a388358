"""A page of another site, a guesser or another owner would get at faces."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.datastructures import Headers

from mimika.data.errors import OptionError
from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig, is_loopback
from mimika.web.security import COOKIE, origin_allowed
from tests.web.running import Running, picture, running

FILES = {"files": ("a.jpg", picture(256))}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server behind a proxy that shows it as faces.test, which a page of lab.test may ask."""
    config = ServerConfig(
        port=0,
        data_dir=tmp_path_factory.mktemp("named"),
        job_workers=0,
        names=("faces.test",),
        proxies=("127.0.0.1",),
        origins=("https://lab.test",),
    )
    with running(config, Purpose("research")) as found:
        yield found


def test_every_route_of_the_api_asks_for_a_token(guarded: Running) -> None:
    open_to_all = {"/v1/about", "/v1/session", "/healthz", "/readyz"}
    asked = 0
    for path, methods in guarded.app.openapi()["paths"].items():
        if path in open_to_all:
            continue
        for method in methods:
            answer = guarded.client.request(method, path.replace("{", "").replace("}", ""))
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_missing"), f"{method} {path}"
            asked += 1
    assert asked > 30
    assert guarded.client.get("/v1/session").status_code == 401


def test_a_token_opens_what_its_scopes_say(guarded: Running) -> None:
    reader, analyst, admin = (guarded.bearer(f"the {scope}", (scope,)) for scope in ("read", "analyze", "admin"))
    client = guarded.client
    assert client.get("/v1/recordings", headers=reader).status_code == 200
    refused = client.post("/v1/images", files=FILES, headers=reader)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
    assert client.post("/v1/images", files=FILES, headers=analyst).status_code == 200
    assert client.put("/v1/purpose", json={"kind": "research"}, headers=analyst).status_code == 403
    assert client.put("/v1/purpose", json={"kind": "research"}, headers=admin).status_code == 200
    assert client.get("/v1/tokens", headers=reader).status_code == 403


def test_tokens_are_made_shown_once_and_revoked_over_http(guarded: Running) -> None:
    admin = guarded.bearer("admin", ("admin",))
    made = guarded.client.post("/v1/tokens", json={"name": "laptop", "scopes": ["read"]}, headers=admin).json()
    fresh = {"Authorization": f"Bearer {made['secret']}"}
    assert guarded.client.get("/v1/session", headers=fresh).json() == {"owner": "laptop", "scopes": ["read"]}
    listed = guarded.client.get("/v1/tokens", headers=admin)
    assert made["secret"] not in listed.text
    assert made["token"]["id"] in listed.text
    place = f"/v1/tokens/{made['token']['id']}"
    assert guarded.client.delete(place, headers=admin).status_code == 204
    assert guarded.client.get("/v1/session", headers=fresh).status_code == 401
    assert guarded.client.delete("/v1/tokens/nothing", headers=admin).status_code == 404


def test_a_recording_of_somebody_else_does_not_exist(guarded: Running) -> None:
    mine, theirs = guarded.bearer("me"), guarded.bearer("them")
    recording = guarded.store.add_recording("me", name="mine", kind="video")
    for path in (
        "",
        "/frames",
        "/timeline",
        "/episodes",
        "/events",
        "/summary",
        "/export?format=csv",
        "/report",
        "/media",
    ):
        place = f"/v1/recordings/{recording.id}{path}"
        other, nobody = guarded.client.get(place, headers=theirs), f"/v1/recordings/{'0' * 32}{path}"
        assert other.status_code == 404, path
        # The answer is the same as for an id that is not there at all.
        unknown = guarded.client.get(nobody, headers=theirs)
        assert other.json()["error"]["code"] == unknown.json()["error"]["code"]
    place = f"/v1/recordings/{recording.id}"
    assert guarded.client.patch(place, json={"name": "stolen"}, headers=theirs).status_code == 404
    assert guarded.client.delete(place, headers=theirs).status_code == 404
    assert guarded.client.get("/v1/recordings", headers=theirs).json()["recordings"] == []
    assert guarded.client.get(place, headers=mine).json()["name"] == "mine"


def test_the_pages_session_is_a_cookie_that_other_sites_cannot_use(guarded: Running) -> None:
    with httpx.Client(base_url=guarded.client.base_url) as page:
        begun = page.post("/v1/session", json={"token": guarded.token("page")})
        assert begun.json()["owner"] == "page"
        flags = begun.headers["set-cookie"].lower()
        assert "httponly" in flags
        assert "samesite=strict" in flags
        assert page.get("/v1/recordings").status_code == 200
        bare = page.post("/v1/images", files=FILES)
        assert (bare.status_code, bare.json()["error"]["code"]) == (403, "cross_site")
        assert page.post("/v1/images", files=FILES, headers={"X-Mimika": "1"}).status_code == 200
        elsewhere = {"X-Mimika": "1", "Origin": "https://evil.test"}
        assert page.post("/v1/images", files=FILES, headers=elsewhere).status_code == 403
        assert page.delete("/v1/session").status_code == 204
        assert page.get("/v1/recordings").status_code == 401


def test_guessing_tokens_is_slow_and_soon_ends(tmp_path) -> None:
    config = ServerConfig(port=0, data_dir=tmp_path, job_workers=0, require_token=True)
    with running(config) as server:
        began = time.perf_counter()
        wrong = {"Authorization": "Bearer mk_" + "A" * 43}
        statuses = [server.client.get("/v1/recordings", headers=wrong).status_code for _ in range(4)]
        assert statuses == [401] * 4
        assert time.perf_counter() - began > 4 * 0.2
        statuses = [server.client.post("/v1/session", json={"token": f"mk_{guess}"}).status_code for guess in range(8)]
        assert statuses[-1] == 429
        late = server.client.get("/v1/recordings", headers=wrong)
        assert int(late.headers["retry-after"]) >= 1
        # Not even the right token is looked at then: it could be the guess that hits.
        assert server.client.get("/v1/recordings", headers=server.bearer()).status_code == 429


def test_pages_of_other_sites_cannot_use_this_machine(server: Running) -> None:
    client = server.client
    for origin in ("https://evil.test", "null", f"http://localhost:{server.port + 1}"):
        answer = client.post("/v1/images", files=FILES, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site"), origin
    assert client.post("/v1/images", files=FILES, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    own = {"Origin": f"http://127.0.0.1:{server.port}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/images", files=FILES, headers=own).status_code == 200
    asked = client.options(
        "/v1/images", headers={"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    )
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in client.get("/v1/about", headers={"Origin": "https://evil.test"}).headers


@pytest.mark.parametrize("host", ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "", "localhost.evil.test"])
def test_a_name_made_to_point_here_is_refused(server: Running, host: str) -> None:
    answer = server.client.get("/v1/about", headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "wrong_host")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_forgotten_proxy_does_not_open_the_server_to_everybody(server: Running, header: str) -> None:
    answer = server.client.get("/v1/about", headers={header: "203.0.113.9"})
    assert answer.status_code == 421
    assert "--name" in answer.json()["error"]["message"]


def test_pages_of_other_sites_cannot_embed_what_is_here(server: Running) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert server.client.get("/v1/recordings", headers=embedded).status_code == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.client.get("/v1/recordings", headers=followed).status_code == 200
    assert server.client.get("/", headers=followed).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:99", "[::1]:8460"])
def test_this_machines_own_names_are_known(server: Running, host: str) -> None:
    assert server.client.get("/healthz", headers={"Host": host}).status_code == 200


def test_behind_a_proxy_tokens_are_asked_for_and_limits_count_the_caller(named: Running) -> None:
    client = named.client
    shown = {"Host": "faces.test", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    assert client.get("/v1/recordings", headers=shown).status_code == 401
    begun = client.post("/v1/session", json={"token": named.token("proxied")}, headers=shown)
    assert "secure" in begun.headers["set-cookie"].lower()
    assert client.get("/healthz", headers={"Host": "other.test"}).status_code == 421
    client.cookies.clear()
    for guess in range(10):
        client.post("/v1/session", json={"token": f"mk_{guess}"}, headers=shown)
    assert client.post("/v1/session", json={"token": "mk_x"}, headers=shown).status_code == 429
    other = shown | {"X-Forwarded-For": "203.0.113.10"}
    assert client.post("/v1/session", json={"token": "mk_x"}, headers=other).status_code == 401


def test_an_origin_that_is_named_may_call_and_no_other(named: Running) -> None:
    token = named.bearer("lab")
    allowed = named.client.get("/v1/recordings", headers=token | {"Origin": "https://lab.test"})
    assert allowed.headers["access-control-allow-origin"] == "https://lab.test"
    other = named.client.get("/v1/recordings", headers=token | {"Origin": "https://lab.test.evil.test"})
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "http://127.0.0.1:8460", "host": "127.0.0.1:8460"}, True),
        ({"origin": "https://FACES.test", "host": "faces.test"}, True),
        ({"origin": "http://127.0.0.1:8461", "host": "127.0.0.1:8460"}, False),
        ({"origin": "null", "host": "null"}, False),
        ({"origin": "", "host": ""}, False),
        ({"origin": "https://faces.test.evil.test", "host": "faces.test"}, False),
        ({"sec-fetch-site": "cross-site", "host": "faces.test"}, False),
        ({"origin": "https://lab.test", "host": "faces.test"}, True),
    ],
)
def test_origins_of_sockets_and_writes(headers: dict[str, str], allowed: bool) -> None:
    assert origin_allowed(Headers(headers), ServerConfig(origins=("https://lab.test",))) is allowed


def test_answers_carry_secure_headers(server: Running) -> None:
    for path in ("/", "/v1/about", "/nothing", "/healthz"):
        headers = server.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=(self)" in headers["permissions-policy"]
        assert "server" not in headers


@pytest.mark.parametrize("path", ["../app.py", "..%2f..%2fapp.py", "%2e%2e/config.py", "/etc/passwd", "assets", "%00"])
def test_the_page_gives_only_its_own_files(server: Running, path: str) -> None:
    assert server.client.get(f"/static/{path}").status_code in (404, 400)


def test_any_other_address_than_loopback_asks_for_tokens() -> None:
    assert not ServerConfig().tokens_required
    assert not ServerConfig(host="::1").tokens_required
    for config in (ServerConfig(host="0.0.0.0"), ServerConfig(host="192.168.1.5"), ServerConfig(names=("a.test",))):
        assert config.tokens_required
    assert not is_loopback("localhost.evil.test")
    for origin in ("*", "lab.test", "https://lab.test/", "ftp://lab.test"):
        with pytest.raises(OptionError, match="origin"):
            ServerConfig(origins=(origin,))


def test_the_cookie_is_the_one_that_is_looked_for(guarded: Running) -> None:
    cookie = {"Cookie": f"{COOKIE}={guarded.token('cookie')}"}
    assert guarded.client.get("/v1/session", headers=cookie).json()["owner"] == "cookie"
