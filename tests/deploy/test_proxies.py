"""The examples for HTTPS work as they stand: photos, live sessions, limits, and who is believed to be the caller."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
from PIL import Image

from tests.deploy import fronts
from tests.films import portrait

MIB = 1 << 20


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fronts.Servers]:
    """Two servers with one memory between them."""
    with fronts.servers(tmp_path_factory.mktemp("memory"), 2) as running:
        yield running


@pytest.fixture(scope="module", params=["caddy", "nginx"])
def front(
    request: pytest.FixtureRequest, servers: fronts.Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[fronts.Front]:
    """A proxy before both servers."""
    start = fronts.caddy if request.param == "caddy" else fronts.nginx
    with start(tmp_path_factory.mktemp(request.param), *servers) as running:
        yield running


def photo() -> bytes:
    """Return the portrait as JPEG."""
    memory = io.BytesIO()
    Image.fromarray(portrait()).save(memory, "JPEG", quality=92)
    return memory.getvalue()


def test_servers_with_one_memory_know_the_same(servers: fronts.Servers) -> None:
    """A video is uploaded to one server, and followed and cancelled through another."""
    shown = {"Authorization": f"Bearer {servers.secret}"}
    first, second = (httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=shown) for port in servers.ports)
    with first, second:
        sent = first.post("/v1/videos", files={"file": ("talk.mp4", bytes(1000), "video/mp4")})
        job = sent.json()["job"]["id"]
        assert second.get(f"/v1/jobs/{job}").json()["status"] == "queued"
        assert second.post(f"/v1/jobs/{job}/cancel").status_code == 200
        assert first.get(f"/v1/jobs/{job}").json()["status"] == "cancelled"


def test_a_photo_through_https_is_answered_and_nothing_without_a_token(front: fronts.Front) -> None:
    """Behind a proxy the server listens on loopback, where it would trust everybody; here it must not."""
    files = {"files": ("portrait.jpg", photo(), "image/jpeg")}
    with front.client() as stranger, front.client(secret=front.secret) as known:
        assert stranger.post("/v1/images", files=files).status_code == 401
        answer = known.post("/v1/images", files=files)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["images"][0]["faces"]) == 1


def test_the_page_is_only_served_encrypted(front: fronts.Front) -> None:
    """A browser that was typed http is sent to https, and told to stay there; our own headers come through once."""
    sent = httpx.get(f"http://127.0.0.1:{front.plain}/history", headers={"Host": fronts.NAME}, follow_redirects=False)
    assert sent.status_code in (301, 308)
    assert sent.headers["location"].startswith(f"https://{fronts.NAME}")
    with front.client() as client:
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1


def test_what_is_for_inside_stays_inside(front: fronts.Front) -> None:
    """Counters and the state of the database are not for the internet, also not for who holds a token."""
    with front.client(secret=front.secret) as client:
        assert [client.get(path).status_code for path in ("/metrics", "/readyz", "/v1/recordings")] == [404, 404, 200]


def test_nobody_can_pretend_to_come_from_elsewhere(front: fronts.Front) -> None:
    """Who guesses tokens is stopped by address: a made-up one does not help, and others are not locked out."""
    last = 30 if front.kind == "caddy" else 40
    with front.client(f"127.0.0.{last}") as guesser, front.client(f"127.0.0.{last + 1}") as other:
        guesser.get("/healthz")  # a proxy that leads callers back by cookie has now set it

        def guess(number: int, client: httpx.Client = guesser) -> int:
            shown = {"Authorization": f"Bearer mk_{number:043d}", "X-Forwarded-For": f"203.0.113.{number}"}
            return client.get("/v1/recordings", headers=shown).status_code

        with ThreadPoolExecutor(10) as many:
            first = list(many.map(guess, range(10)))
        assert first == [401] * 10
        assert guess(11) == 429
        other.cookies = guesser.cookies
        assert guess(12, other) == 401


@pytest.mark.parametrize(("path", "declared"), [("/v1/images", 66 * MIB), ("/v1/videos", 2050 * MIB)])
def test_what_is_too_large_is_refused_while_it_is_sent(front: fronts.Front, path: str, declared: int) -> None:
    """Nobody uploads two gigabytes to be told that they were too many."""
    head = f"POST {path} HTTP/1.1\r\nHost: {fronts.NAME}:{front.port}\r\nAuthorization: Bearer {front.secret}\r\n"
    head += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {declared}\r\n\r\n"
    answer = b""
    with front.line() as line:
        line.sendall(head.encode())
        line.settimeout(0.1)
        for _ in range(64):
            with suppress(TimeoutError):
                answer = line.recv(1024)
                break
            line.sendall(bytes(64 << 10))
    assert answer.split(b"\r\n")[0].split(b" ")[1] == b"413"


def test_what_the_server_takes_the_proxy_lets_through(front: fronts.Front) -> None:
    """A proxy's own limit (nginx: 1 MiB) must not refuse photos and videos that the server would take."""
    with front.client(secret=front.secret) as client:
        pictures = client.post("/v1/images", files={"files": ("a.jpg", bytes(20 * MIB))})
        assert pictures.status_code != 413
        assert "image" in pictures.text
        video = client.post("/v1/videos", files={"file": ("talk.mp4", bytes(66 * MIB), "video/mp4")})
        assert video.status_code == 202, video.text


def test_a_live_session_comes_back_to_its_own_process(front: fronts.Front) -> None:
    """Two servers run; whoever is resumed by the wrong one would start anew, with new ids and no neutral face."""
    with front.client() as page:
        page.get("/healthz")
        cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    session = None
    for _ in range(5):
        with front.live(cookie) as line:
            line.send(json.dumps({"type": "start", "token": front.secret, "options": {}, "resume": session}))
            ready = json.loads(line.recv(20))
            assert ready["type"] == "ready", ready
            assert session in (None, ready["session"])
            session = ready["session"]


def test_live_frames_are_observed_through_https(front: fronts.Front) -> None:
    """The camera works through the proxy: frames go in as binary messages, faces come out."""
    with front.live() as line:
        line.send(json.dumps({"type": "start", "token": front.secret, "options": {}}))
        assert json.loads(line.recv(20))["type"] == "ready"
        line.send(struct.pack("<BBHHHd", 1, 1, 0, 0, 0, 0.0) + photo())
        seen = json.loads(line.recv(20))
    assert seen["type"] == "observation", seen
    assert [len(seen["faces"]), seen["width"]] == [1, 512]
