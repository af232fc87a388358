"""The client: one question with one picture to an OpenAI-compatible endpoint, one answer or one clear error.

The only home of the `openai` package; needs the extra `cloud`. Nothing here tries again, counts or decides: see
`asking`.
"""

from __future__ import annotations

import base64
import importlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from mimika.data.cloud import CloudOptions
from mimika.data.errors import CloudError, OptionError
from mimika.stages.recognize.prompts import Prompt
from mimika.stages.recognize.sending import Picture

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

ANSWER_TOKENS = 600
_ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What reading a body that is no answer raises; the client library hands it out unchecked."""
_NO_KEY = "none"
"""Sent where no key is set: endpoints on this machine want none, the client wants something."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the model's `text`, `ms` from request to answer, `tokens` in and out as the endpoint counted."""

    text: str
    ms: float
    tokens: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Known:
    """What was learned of an endpoint: whether it takes a JSON schema."""

    schema: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """Asks one endpoint. `key` is kept out of every text and every file; "" where the endpoint wants none.

    Raises:
        OptionError: if the extra `cloud` is not installed.
    """

    options: CloudOptions
    key: str = field(default="", repr=False)
    _client: Any = field(init=False, repr=False)
    _known: _Known = field(init=False, repr=False, default_factory=_Known)

    def __post_init__(self) -> None:
        options = self.options
        # Trying again is decided, counted and noted by `asking`.
        client = library().OpenAI(
            api_key=self.key or _NO_KEY, base_url=options.url, timeout=options.timeout_s, max_retries=0
        )
        object.__setattr__(self, "_client", client)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def request(self, prompt: Prompt, picture: Picture | None) -> Answer:
        """Send one request; returns the model's text, which may be anything.

        Raises:
            CloudError: with a line that names the endpoint and the reason, never the key or the picture.
        """
        began = time.perf_counter()
        text, tokens = self._tried(lambda: self._sent(prompt, picture))
        return Answer(text, 1000 * (time.perf_counter() - began), tokens)

    def models(self) -> list[str]:
        """Return the names of the models that the endpoint offers, [] where it does not say.

        Raises:
            CloudError: as `request`.
        """
        try:
            return self._tried(lambda: sorted(model.id for model in self._client.models.list()))
        except CloudError as error:
            if error.kind in ("missing", "nonsense", "other"):
                return []
            raise

    def _tried(self, work: Callable[[], T]) -> T:
        """Do some work with the client library; what it raises becomes ours, without a trace of itself."""
        try:
            return work()
        except (library().OpenAIError, *_ODD) as error:
            named = self._named(error)
        # Raised out here, so that the library's error, which may repeat the key, is not kept as its context.
        raise named

    def _sent(self, prompt: Prompt, picture: Picture | None) -> tuple[str, tuple[int, int]]:
        send = self._chat if self.options.style == "chat" else self._responses
        try:
            return send(prompt, picture, self._known.schema and prompt.schema is not None)
        except library().BadRequestError as error:
            if prompt.schema is None or not self._known.schema or "schema" not in _words(error):
                raise
            # Smaller servers know no structured output; the prompt asks for JSON in words as well.
            self._known.schema = False
            return send(prompt, picture, False)

    def _chat(self, prompt: Prompt, picture: Picture | None, strict: bool) -> tuple[str, tuple[int, int]]:
        content: list[dict[str, Any]] = [{"type": "text", "text": prompt.user}]
        if picture is not None:
            content.append({"type": "image_url", "image_url": {"url": _data_url(picture), "detail": "auto"}})
        shape = {"name": "expression", "strict": True, "schema": prompt.schema}
        more = {"response_format": {"type": "json_schema", "json_schema": shape}} if strict else {}
        answer = self._client.chat.completions.create(
            model=self.options.model,
            messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": content}],
            max_completion_tokens=ANSWER_TOKENS,
            **more,
        )
        choice = answer.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise CloudError("refused", f"{self.options.host}: the model declines to answer")
        if choice.finish_reason == "length":
            raise CloudError("cut", f"{self.options.host}: the model's answer was longer than allowed and is cut off")
        usage = answer.usage
        return str(choice.message.content or ""), (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)

    def _responses(self, prompt: Prompt, picture: Picture | None, strict: bool) -> tuple[str, tuple[int, int]]:
        content: list[dict[str, Any]] = [{"type": "input_text", "text": prompt.user}]
        if picture is not None:
            content.append({"type": "input_image", "image_url": _data_url(picture), "detail": "auto"})
        shape = {"type": "json_schema", "name": "expression", "strict": True, "schema": prompt.schema}
        more = {"text": {"format": shape}} if strict else {}
        answer = self._client.responses.create(
            model=self.options.model,
            instructions=prompt.system,
            input=[{"type": "message", "role": "user", "content": content}],
            max_output_tokens=ANSWER_TOKENS,
            # This style keeps what it was sent unless it is told not to.
            store=False,
            **more,
        )
        parts = [part for item in answer.output if item.type == "message" for part in item.content]
        if any(part.type == "refusal" for part in parts):
            raise CloudError("refused", f"{self.options.host}: the model declines to answer")
        if answer.status == "incomplete":
            raise CloudError("cut", f"{self.options.host}: the model's answer was longer than allowed and is cut off")
        usage = answer.usage
        text = "".join(part.text for part in parts if part.type == "output_text")
        return text, (usage.input_tokens, usage.output_tokens) if usage else (0, 0)

    def _named(self, error: Exception) -> CloudError:
        """Turn what the client library met into one line; the endpoint's own words may hold the key and stay out."""
        host, api = self.options.host, library()
        if isinstance(error, api.APITimeoutError):
            return CloudError("timeout", f"{host}: no answer within {self.options.timeout_s:g} s")
        if isinstance(error, api.APIConnectionError):
            cause = type(error.__cause__).__name__
            if cause in ("RemoteProtocolError", "ReadError"):
                return CloudError("cut", f"{host}: the connection broke off before the answer was whole")
            return CloudError("offline", f"{host}: no connection")
        if isinstance(error, api.APIStatusError):
            return self._by_status(error)
        return CloudError("nonsense", f"{host}: what came back is no answer of this kind of endpoint")

    def _by_status(self, error: openai.APIStatusError) -> CloudError:
        host, code = self.options.host, error.status_code
        reasons = {
            400: ("other", "the request is refused as wrong (400); is the model one that sees pictures?"),
            401: ("key", "the key is not accepted (401); set MIMIKA_CLOUD_KEY"),
            403: ("forbidden", "this key may not use that model or endpoint (403)"),
            404: ("missing", f"no model {self.options.model!r} at {self.options.url} (404)"),
            408: ("timeout", "the endpoint gave up waiting (408)"),
        }
        if code == 429:
            if getattr(error, "code", None) == "insufficient_quota":
                return CloudError("forbidden", f"{host}: the account's quota is used up (429)")
            wait = _seconds(error.response.headers.get("retry-after"))
            later = "" if wait is None else f"; again in {wait:g} s"
            return CloudError("rate", f"{host}: too many requests (429){later}", wait)
        if code >= 500:
            return CloudError(
                "server", f"{host}: the endpoint fails ({code})", _seconds(error.response.headers.get("retry-after"))
            )
        kind, reason = reasons.get(code, ("other", f"the request is refused ({code})"))
        return CloudError(kind, f"{host}: {reason}")


def library() -> Any:
    """Return the client library.

    Raises:
        OptionError: if it is not installed.
    """
    try:
        return importlib.import_module("openai")
    except ImportError as error:
        raise OptionError("a second opinion needs the extra `cloud`: pip install 'mimika[cloud]'") from error


def _data_url(picture: Picture) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode("ascii")


def _words(error: openai.APIStatusError) -> str:
    """Return the endpoint's words about an error, for looking into them only."""
    try:
        return json.dumps(error.body).casefold()
    except (TypeError, ValueError):
        return ""


def _seconds(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header, None for none or for a date."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None
