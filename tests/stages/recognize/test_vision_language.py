"""A request the provider would refuse, a failure that ends a run, or a key in a message: over real HTTP on loopback."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mimika.data.cloud import CloudOptions
from mimika.data.errors import CloudError
from mimika.data.labels import FERPLUS, LANGUAGES
from mimika.data.prices import Price
from mimika.stages.recognize.asking import Asker
from mimika.stages.recognize.budget import Budget
from mimika.stages.recognize.sending import GREY, picture_of
from mimika.stages.recognize.vision_language import Client
from tests import builders, provider
from tests.conftest import DATA
from tests.provider import KEY, USAGE, Injector, Provider

DESCRIPTION = DATA / "openapi" / "openapi.yaml"
PRICE = Price("gpt-4.1-mini", 0.4, 1.6, "patches", 1.62)


class Notes:
    """Keeps what the audit is told."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def note(self, action: str, owner: str, subject: str = "", **details: Any) -> None:
        self.lines.append({"action": action, "owner": owner, "subject": subject} | details)


@pytest.fixture
def line() -> Iterator[tuple[Provider, Injector]]:
    with provider.provided() as both:
        yield both


def asker_for(url: str, key: str = KEY, price: Price | None = PRICE, usd: float = 1.0, **more: Any) -> Asker:
    options = CloudOptions(**({"url": url, "timeout_s": 2.0, "tries": 3, "deadline_s": 20.0} | more))
    return Asker(options, Client(options, key), price, Budget(usd, usd), Notes(), first_s=0.01)


def face(options: CloudOptions) -> Any:
    return picture_of(builders.observation(1), 0, options)


@pytest.mark.parametrize("style", ["chat", "responses"])
def test_an_answer_becomes_an_opinion_with_its_cost(line: tuple[Provider, Injector], style: str) -> None:
    asks = asker_for(line[1].url, style=style)
    said = asks.opinion(face(asks.options), "face 0")
    assert (said.label, said.origin, said.repaired) == ("happiness", "cloud:gpt-4.1-mini", False)
    assert said.evidence == "The lip corners are pulled up."
    assert said.probabilities[FERPLUS.index("happiness")] == pytest.approx(0.8)
    assert said.tokens == USAGE
    assert said.cost_usd == pytest.approx((900 * 0.4 + 120 * 1.6) / 1e6)
    assert asks.cost_usd == pytest.approx(said.cost_usd)
    assert said.ms > 0
    assert line[0].wrong == []


def test_what_is_sent_is_one_small_picture_without_exif(line: tuple[Provider, Injector]) -> None:
    asks = asker_for(line[1].url, side=160, quality=60)
    asks.opinion(face(asks.options))
    (jpeg,) = line[0].jpegs()
    shown = Image.open(io.BytesIO(jpeg))
    assert (shown.size, shown.format, dict(shown.getexif())) == ((160, 160), "JPEG", {})
    assert b"Exif" not in jpeg
    sent = json.dumps(line[0].seen[0])
    assert "clip.mp4" not in sent, "file names stay here"
    assert KEY not in sent


def test_the_background_is_painted_over_on_request() -> None:
    frame = builders.frame(grey=200)
    for send in ("crop", "frame"):
        options = CloudOptions(send=send, mask=True, side=200)
        picture = picture_of(builders.observation(1, frame), 0, options)
        pixels = np.asarray(Image.open(io.BytesIO(picture.jpeg)))
        assert abs(int(pixels[3, 3, 0]) - GREY) < 12
        centre = (0.5, 0.5) if picture.place is None else picture.place
        assert abs(int(pixels[int(centre[1] * len(pixels)), int(centre[0] * pixels.shape[1]), 0]) - 200) < 12
        plain = picture_of(builders.observation(1, frame), 0, CloudOptions(send=send, side=200))
        assert abs(int(np.asarray(Image.open(io.BytesIO(plain.jpeg)))[3, 3, 0]) - 200) < 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_lists_the_closed_set_of_names(line: tuple[Provider, Injector], language: str) -> None:
    asks = asker_for(line[1].url, language=language)
    asks.opinion(face(asks.options))
    system = line[0].seen[0]["messages"][0]["content"]
    assert all(name in system for name in FERPLUS)


def test_a_server_without_structured_output_is_asked_in_words(line: tuple[Provider, Injector]) -> None:
    line[0].takes_schema = False
    line[0].text = lambda _: "Happy."
    asks = asker_for(line[1].url)
    said = asks.opinion(face(asks.options))
    assert (said.label, said.repaired, asks.counts["repaired"]) == ("happiness", True, 1)
    asks.opinion(face(asks.options))
    assert len(line[0].seen) == 3, "what was learned of the server is not tried again"


FAULTS = [
    ("401", "key", 1), ("403", "forbidden", 1), ("404", "missing", 1), ("429:0", "rate", 3), ("500", "server", 3),
    ("503:0", "server", 3), ("hang", "timeout", 3), ("cut", "cut", 3), ("html", "nonsense", 1),
    ("empty", "nonsense", 1), ("quota", "forbidden", 1), ("400", "other", 1), ("418", "other", 1),
    ("408", "timeout", 3),
]  # fmt: skip


@pytest.mark.parametrize("style", ["chat", "responses"])
@pytest.mark.parametrize(("fault", "kind", "requests"), FAULTS)
def test_each_failure_is_one_clear_line_and_counted(
    line: tuple[Provider, Injector], style: str, fault: str, kind: str, requests: int
) -> None:
    line[1].always = fault
    asks = asker_for(line[1].url, style=style, timeout_s=0.2)
    with pytest.raises(CloudError) as caught:
        asks.opinion(face(asks.options), "face 0")
    assert caught.value.kind == kind
    told = str(caught.value)
    assert told.startswith("127.0.0.1: ")
    assert "\n" not in told
    assert KEY not in told
    assert KEY not in repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert asks.counts[kind] == 1
    assert asks.reasons == {kind: told}
    assert (asks.counts["asked"], len(line[1].met)) == (requests, requests)
    noted = [note for note in asks.audit.lines if note["step"] == "done"]  # type: ignore[union-attr]
    assert [note["outcome"] for note in noted] == [kind] * requests


@pytest.mark.parametrize("style", ["chat", "responses"])
def test_refusals_nonsense_and_answers_cut_short_are_told_apart(line: tuple[Provider, Injector], style: str) -> None:
    served, asks = line[0], asker_for(line[1].url, style=style)
    served.refusal = "I can't help with that."
    with pytest.raises(CloudError, match="declines"):
        asks.opinion(face(asks.options))
    served.refusal, served.finish = "", "length"
    with pytest.raises(CloudError, match="cut off"):
        asks.opinion(face(asks.options))
    served.finish, served.text = "stop", lambda _: "I like turtles"
    with pytest.raises(CloudError, match="names no single expression"):
        asks.opinion(face(asks.options))
    assert (asks.counts["refused"], asks.counts["cut"], asks.counts["nonsense"]) == (1, 1, 1)
    assert asks.cost_usd > 0, "nonsense was paid for too"


def test_offline_is_one_clear_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asks = asker_for(f"http://127.0.0.1:{port}/v1", tries=2)
    with pytest.raises(CloudError, match=r"^127\.0\.0\.1: no connection$"):
        asks.opinion(face(asks.options))
    assert asks.counts["asked"] == 2


def test_trying_again_helps_and_waits_as_long_as_it_is_told(line: tuple[Provider, Injector]) -> None:
    line[1].faults.extend(["429:1", "503", "pass"])
    asks = asker_for(line[1].url)
    assert asks.opinion(face(asks.options)).label == "happiness"
    first, second, _ = line[1].times
    assert 1.0 <= second - first < 3
    assert (asks.counts["asked"], asks.counts["answered"], asks.reasons) == (3, 1, {})


def test_no_try_is_made_after_the_deadline(line: tuple[Provider, Injector]) -> None:
    line[1].always = "429:30"
    asks = asker_for(line[1].url, deadline_s=5.0)
    with pytest.raises(CloudError, match=r"too many requests \(429\); again in 30 s"):
        asks.opinion(face(asks.options))
    assert len(line[1].met) == 1


def test_a_wrong_key_ends_the_asking(line: tuple[Provider, Injector]) -> None:
    asks = asker_for(line[1].url, key="sk-wrong")
    for _ in range(3):
        with pytest.raises(CloudError):
            asks.opinion(face(asks.options))
    assert (asks.counts["asked"], asks.counts["key"], asks.counts["open"]) == (1, 1, 2)


def test_an_endpoint_that_is_down_is_left_alone_for_a_while(line: tuple[Provider, Injector]) -> None:
    line[1].always = "500"
    asks = asker_for(line[1].url, tries=1)
    for _ in range(8):
        with pytest.raises(CloudError):
            asks.opinion(face(asks.options))
    assert (len(line[1].met), asks.counts["open"]) == (5, 3)


def test_every_request_is_noted_without_the_picture(line: tuple[Provider, Injector]) -> None:
    asks = asker_for(line[1].url)
    asks.opinion(face(asks.options), "face 0 at 1.000 s")
    sent, done = asks.audit.lines  # type: ignore[union-attr]
    assert (sent["action"], sent["step"], sent["host"]) == ("second_opinion", "sent", "127.0.0.1")
    assert sent["bytes"] == len(line[0].jpegs()[0])
    assert (done["step"], done["outcome"], done["tokens_in"], done["tokens_out"]) == ("done", "answered", *USAGE)
    assert done["cost_usd"] == pytest.approx(0.000552)
    assert "jpeg" not in json.dumps([sent, done])


def test_what_cannot_be_noted_is_not_sent(line: tuple[Provider, Injector]) -> None:
    asks = asker_for(line[1].url)

    def full(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    asks.audit.note = full  # type: ignore[union-attr,method-assign]
    with pytest.raises(OSError, match="disk full"):
        asks.opinion(face(asks.options))
    assert line[0].seen == []


def test_the_key_shows_nowhere() -> None:
    asks = asker_for("http://127.0.0.1:9/v1")
    assert KEY not in repr(asks) + str(asks) + repr(asks.client)


@pytest.fixture(scope="module")
def described(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The provider's own description of its interface, kept as JSON since its YAML takes seconds to read."""
    if not DESCRIPTION.is_file():
        pytest.skip(f"needs {DESCRIPTION}")
    kept = Path(request.config.cache.mkdir("openapi")) / f"{DESCRIPTION.stat().st_size}.json"
    if not kept.exists():
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        text = json.dumps(yaml.load(DESCRIPTION.read_text("utf-8"), loader), default=str)
        kept.write_text(text, "utf-8")
    return dict(json.loads(kept.read_text("utf-8"), object_hook=told_apart))


def told_apart(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a discriminator decide, as OpenAPI says; some kinds are told apart by it alone and fit several schemas."""
    if "discriminator" in schema and "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    return schema


@pytest.mark.parametrize("send", ["crop", "frame"])
@pytest.mark.parametrize("style", ["chat", "responses"])
def test_requests_and_answers_are_those_of_the_provider(described: dict[str, Any], style: str, send: str) -> None:
    """Over HTTP, each request is held against the published description, and so is what our stand-in answers."""
    from jsonschema import Draft202012Validator

    def faults(kind: str, value: Any) -> list[str]:
        schema = {"$ref": f"#/components/schemas/{kind}", "components": described["components"]}
        return [
            f"{list(found.path)}: {found.message[:200]}" for found in Draft202012Validator(schema).iter_errors(value)
        ]

    def check(path: str, request: dict[str, Any]) -> list[str]:
        operation = described["paths"][path.removeprefix("/v1")]["post"]
        body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        return faults(body.rpartition("/")[2], request)

    with provider.provided(check) as (served, injector):
        asks = asker_for(injector.url, style=style, send=send)
        asks.opinion(face(asks.options))
        served.text = lambda _: "The lip corners are raised and the cheeks with them, which resembles happiness."
        assert "resembles" in asks.explanation(face(asks.options), "lip corners raised (3.0 of 5)")
        assert (served.wrong, len(served.seen)) == ([], 2)
        kind, made = ("CreateChatCompletionResponse", served.chat) if style == "chat" else ("Response", served.response)
        assert faults(kind, made(served.seen[0])) == []
        assert check("/v1/chat/completions", {"model": "m", "messages": "hello"}), "the description does refuse"
