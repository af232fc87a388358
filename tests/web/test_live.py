"""Live sessions over real sockets, with the real networks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mimika.web.frames import HEADER, JPEG, LUMA, WEBP
from tests.films import scene
from tests.web.running import Running


def face(x: float = 160.0) -> NDArray[np.uint8]:
    return scene((x, 130.0, 0.8), size=(320, 240))


def coded(picture: NDArray[np.uint8], format: int = JPEG, time_s: float = 0.0, *flags: int) -> bytes:
    if format == LUMA:
        height, width = picture.shape
        return HEADER.pack(1, LUMA, width, height, 0, time_s) + picture.tobytes()
    suffix = ".jpg" if format == JPEG else ".webp"
    return HEADER.pack(1, format, 0, 0, 0, time_s) + cv2.imencode(suffix, picture, list(flags))[1].tobytes()


class Camera:
    """A client that speaks the protocol."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.ready: dict[str, Any] = {}
        self.waiting: list[dict[str, Any]] = []

    def say(self, **message: Any) -> None:
        self.line.send(json.dumps(message))

    def hear(self, kind: str) -> dict[str, Any]:
        """Return the next message of a kind; others wait until they are asked for."""
        for found in self.waiting:
            if found["type"] == kind:
                self.waiting.remove(found)
                return found
        while (found := json.loads(self.line.recv(timeout=30)))["type"] != kind:
            assert found["type"] != "error", found
            self.waiting.append(found)
        return dict(found)

    def ask(self, frame: bytes) -> dict[str, Any]:
        self.line.send(frame)
        return self.hear("observation")


@contextmanager
def camera(server: Running, *, headers: dict[str, str] | None = None, **start: Any) -> Iterator[Camera]:
    address = f"ws://127.0.0.1:{server.port}/v1/live"
    with connect(address, compression=None, additional_headers=headers, max_size=None) as line:
        found = Camera(line)
        found.say(type="start", **start)
        found.ready = json.loads(line.recv(timeout=30))
        yield found


def refusal(server: Running, **start: Any) -> dict[str, Any]:
    with camera(server, **start) as found:
        return found.ready


def test_every_format_gives_the_same_face(server: Running) -> None:
    with camera(server) as live:
        assert live.ready["mode"] == "expressions"
        found = [live.ask(coded(face(), format, 0.1 * number)) for number, format in enumerate((JPEG, WEBP, LUMA), 1)]
        found.append(live.ask(coded(face(), JPEG, 0.4, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)))
    for answer in found:
        (seen,) = answer["faces"]
        assert (answer["width"], answer["height"]) == (320, 240)
        assert seen["id"] == 0
        assert seen["label"] == "happiness"
        assert np.abs(np.array(seen["box"]) - found[0]["faces"][0]["box"]).max() < 2
        assert seen["mesh"] is None
        assert seen["indicators"] is not None
    assert [answer["time_s"] for answer in found] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_the_newest_frame_wins_and_the_client_hears_what_was_dropped(server: Running) -> None:
    """A queue that grows would show the past, later and later."""
    with camera(server, options={"mesh": True}) as live:
        live.ask(coded(face(), JPEG, 0.01))
        for number in range(1, 41):
            live.line.send(coded(face(160 + number % 3), JPEG, 0.01 + number / 100))
        answers = [live.hear("observation")]
        while answers[-1]["time_s"] < 0.405:
            answers.append(live.hear("observation"))
    assert answers[-1]["dropped"] + len(answers) == 40
    assert answers[-1]["dropped"] > 0
    assert all(answer["behind_ms"] >= answer["server_ms"] > 0 for answer in answers)
    assert len(answers[0]["faces"][0]["mesh"]) == 478


def test_a_broken_line_is_resumed_with_ids_baseline_and_recording(server: Running) -> None:
    with camera(server, record=True, name="talk") as live:
        session, recording = live.ready["session"], live.ready["recording"]["id"]
        first = [live.ask(coded(face(), JPEG, 0.1 * number)) for number in range(1, 6)]
        live.say(type="mark", text="question 1")
        assert live.hear("event")["message"] == "question 1"
        live.line.socket.close()
    with camera(server, resume=session) as live:
        assert (live.ready["resumed"], live.ready["session"]) == (True, session)
        assert live.ready["recording"]["id"] == recording
        second = [live.ask(coded(face(), JPEG, 0.8 + 0.1 * number)) for number in range(1, 6)]
        live.say(type="stop")
        assert live.hear("recording")["id"] == recording
        live.hear("stopped")
    assert {answer["faces"][0]["id"] for answer in first + second} == {0}
    kept = server.client.get(f"/v1/recordings/{recording}").json()
    assert (kept["name"], kept["kind"], kept["status"]) == ("talk", "live", "complete")
    assert (kept["frames"], kept["faces"], kept["labels"]) == (10, 1, {"happiness": 10})
    assert (kept["width"], kept["height"], kept["media"]) == (320, 240, False)
    frames = server.client.get(f"/v1/recordings/{recording}/frames?mesh=true").json()
    assert frames["time_s"] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.8, 0.9, 1.0, 1.1, 1.2])
    assert len(frames["faces"][0][0]["mesh"]) == 478
    events = server.client.get(f"/v1/recordings/{recording}/events").json()["events"]
    assert [(event["event"], event["message"]) for event in events] == [("mark", "question 1")]
    with camera(server, resume=session) as live:
        assert live.ready["resumed"] is False


def test_three_calm_seconds_become_the_neutral_face(server: Running) -> None:
    """Whoever smiles by nature would be told to smile all the time."""
    person = server.client.post("/v1/profiles", json={"name": "P7"}).json()["id"]
    with camera(server) as live:
        before = live.ask(coded(face(), JPEG, 0.1))["faces"][0]["action_units"]["AU12_l"]
        live.say(type="baseline", seconds=1, profile=person)
        assert live.hear("baseline")["state"] == "measuring"
        for number in range(1, 16):
            live.ask(coded(face(), JPEG, 0.1 + 0.1 * number))
        done = live.hear("baseline")
        assert (done["state"], done["faces"], done["profile"]) == ("done", [0], person)
        after = live.ask(coded(face(), JPEG, 1.7))["faces"][0]["action_units"]["AU12_l"]
        live.say(type="baseline", seconds=0.5)
        empty = np.full((240, 320), 110, np.uint8)
        for number in range(1, 31):
            live.ask(coded(empty, JPEG, 1.7 + 0.1 * number))
        assert live.hear("baseline")["state"] == "measuring"
        assert live.hear("baseline")["state"] == "failed"
    assert after < 0.6 * before
    assert server.client.get(f"/v1/profiles/{person}").json()["baseline"]["frames"] >= 5
    with camera(server, person=person, options={"baseline": "profile"}) as live:
        known = live.ask(coded(face(), JPEG, 0.1))["faces"][0]["action_units"]["AU12_l"]
    assert known < 0.6 * before


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "input_corrupt"),
        (HEADER.pack(2, JPEG, 0, 0, 0, 0.5) + b"x", "input_unsupported"),
        (HEADER.pack(1, 9, 0, 0, 0, 0.5) + b"x", "input_unsupported"),
        (HEADER.pack(1, JPEG, 0, 0, 0, float("nan")) + b"x", "input_corrupt"),
        (HEADER.pack(1, JPEG, 0, 0, 0, 0.5) + b"no picture", "input_unsupported"),
        (HEADER.pack(1, LUMA, 65535, 65535, 0, 0.5) + b"x", "input_too_large"),
        (HEADER.pack(1, LUMA, 10, 10, 0, 0.5) + b"x", "input_corrupt"),
        (coded(face(), JPEG, 0.5)[:900], "input_corrupt"),
        (coded(np.zeros((4000, 4000), np.uint8), JPEG, 0.5), "input_too_large"),
        (coded(np.zeros((4000, 4000), np.uint8), WEBP, 0.5), "input_too_large"),
        (coded(face(), JPEG, 0.05), "time_goes_back"),
    ],
    ids=["empty", "version", "format", "time", "picture", "luma", "short", "cut", "pixels", "webp", "past"],
)
def test_a_frame_that_cannot_be_used_is_told_and_the_next_one_is_answered(
    server: Running, frame: bytes, code: str
) -> None:
    with camera(server) as live:
        live.ask(coded(face(), JPEG, 0.1))
        live.line.send(frame)
        told = json.loads(live.line.recv(timeout=30))
        assert (told["type"], told["code"]) == ("error", code)
        assert len(live.ask(coded(face(), JPEG, 1.0))["faces"]) == 1


def test_messages_that_make_no_sense_are_told(server: Running) -> None:
    with camera(server) as live:
        for text in ("no json", "[1]", '{"type":"dance"}', '{"type":"baseline","seconds":1e9}', '{"type":"mark"}'):
            live.line.send(text)
            assert json.loads(live.line.recv(timeout=30))["code"] == "invalid"
    assert refusal(server, options={"model": "/etc/passwd"})["code"] == "option_invalid"
    assert refusal(server, options={"baseline": "image:/etc/passwd"})["code"] == "option_invalid"
    assert refusal(server, person="0" * 32)["code"] == "store_missing"


def test_pages_of_other_sites_and_strangers_are_kept_out(server: Running, guarded: Running) -> None:
    """Any page in the browser can open a socket to this machine."""
    with pytest.raises(InvalidStatus), camera(server, headers={"Origin": "https://evil.example"}):
        pass
    with camera(server, headers={"Origin": f"http://127.0.0.1:{server.port}"}) as live:
        assert live.ready["type"] == "ready"
    assert refusal(guarded)["code"] == "token_missing"
    assert refusal(guarded, token="mk_" + "x" * 43)["code"] == "token_invalid"
    assert refusal(guarded, token=guarded.token("only reads", ("read",)))["code"] == "scope_missing"
    mine, other = guarded.token("camera one"), guarded.token("camera two")
    with camera(guarded, token=mine) as live, camera(guarded, token=other, resume=live.ready["session"]) as thief:
        assert thief.ready["resumed"] is False
        assert thief.ready["session"] != live.ready["session"]


def test_action_unit_mode_holds_on_the_line_and_in_the_recording(server: Running) -> None:
    with camera(server, purpose={"kind": "workplace"}, record=True) as live:
        assert live.ready["mode"] == "action_units"
        (seen,) = live.ask(coded(face(), JPEG, 0.1))["faces"]
        recording = live.ready["recording"]["id"]
        live.say(type="stop")
        live.hear("stopped")
    assert seen["action_units"]["AU12_l"] > 1
    hidden = ("label", "resembles", "unsure", "confidence", "probabilities", "valence", "arousal", "indicators")
    assert [seen[name] for name in hidden] == [None] * 8
    (row,) = server.store.rows("local", recording).to_pylist()
    assert row["label"] is None
    assert row["p_happiness"] is None


def test_two_hundred_open_sockets_stay_served(server: Running) -> None:
    """A waiting room full of quiet clients must not lock out the one that sends."""
    lines: list[ClientConnection] = []
    address = f"ws://127.0.0.1:{server.port}/v1/live"
    with ExitStack() as stack:

        def open_some(count: int) -> None:
            for _ in range(count):
                line = stack.enter_context(connect(address, compression=None, open_timeout=60))
                line.send('{"type":"start"}')
                lines.append(line)

        threads = [threading.Thread(target=open_some, args=(50,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(lines) == 200
        assert {json.loads(line.recv(timeout=60))["type"] for line in lines} == {"ready"}
        for line in lines[::25]:
            answer = Camera(line).ask(coded(face(), JPEG, 0.1))
            assert len(answer["faces"]) == 1
        assert server.client.get("/healthz").status_code == 200
        for line in lines:
            line.send('{"type":"stop"}')
        assert {json.loads(line.recv(timeout=60))["type"] for line in lines} == {"stopped"}
