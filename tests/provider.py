"""A provider on loopback that speaks the two styles of the OpenAI API, and a proxy that breaks the line to it.

Both are real HTTP servers. The provider refuses what the API would refuse, by rules of its own and, where the
provider's published description is at hand, by that; a test that sends a wrong request fails on it.
"""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

from mimika.data.labels import FERPLUS

KEY = "sk-loopback-0123456789abcdef"
USAGE = (900, 120)
Check = Callable[[str, dict[str, Any]], list[str]]


def answer_of(label: str = "happiness", share: float = 0.8, evidence: str = "The lip corners are pulled up.") -> str:
    """Return an answer as it is asked for."""
    rest = (1 - share) / (len(FERPLUS) - 1)
    shares = {name: share if name == label else rest for name in FERPLUS}
    return json.dumps({"label": label, "probabilities": shares, "evidence": evidence})


class Provider:
    """Answers with what `text` gives for a request; `seen` keeps the requests, `wrong` what was wrong with them."""

    def __init__(self, check: Check | None = None) -> None:
        self.text: Callable[[dict[str, Any]], str] = lambda _: answer_of()
        self.refusal, self.finish, self.takes_schema, self.pause_s = "", "stop", True, 0.0
        self.seen: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.at_once = self.most_at_once = 0
        self._check, self._lock = check, threading.Lock()
        self._server = _serve(self._handle)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pictures(self) -> list[np.ndarray]:
        """Return the pictures that came, decoded."""
        return [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in self.jpegs()]

    def jpegs(self) -> list[bytes]:
        return [base64.b64decode(url.partition(",")[2]) for request in self.seen for url in _urls(request)]

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        raw = handler.rfile.read(length)
        if handler.headers.get("authorization") != f"Bearer {KEY}":
            return reply(handler, 401, error(f"Incorrect API key provided: {handler.headers.get('authorization')}"))
        if handler.command == "GET" and handler.path == "/v1/models":
            listed = {"id": "gpt-4.1-mini", "object": "model", "created": 1, "owned_by": "here"}
            return reply(handler, 200, {"object": "list", "data": [listed]})
        if handler.command != "POST" or handler.path not in ("/v1/chat/completions", "/v1/responses"):
            return reply(handler, 404, error("no such place"))
        request = json.loads(raw)
        with self._lock:
            self.seen.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            time.sleep(self.pause_s)
            faults = faults_of(handler.path, request) + (self._check(handler.path, request) if self._check else [])
            self.wrong += faults
            if faults:
                return reply(handler, 400, error("; ".join(faults)))
            if not self.takes_schema and ("response_format" in request or "text" in request):
                return reply(handler, 400, error("json_schema is not supported here"))
            make = self.chat if handler.path.endswith("completions") else self.response
            return reply(handler, 200, make(request))
        finally:
            with self._lock:
                self.at_once -= 1

    def chat(self, request: dict[str, Any]) -> dict[str, Any]:
        said = {"content": None, "refusal": self.refusal} if self.refusal else {"content": self.text(request)}
        message = {"role": "assistant", "refusal": None} | said
        used = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}
        choice = {"index": 0, "finish_reason": self.finish, "message": message, "logprobs": None}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": request["model"]}
        return head | {"choices": [choice], "usage": used}

    def response(self, request: dict[str, Any]) -> dict[str, Any]:
        part = (
            {"type": "refusal", "refusal": self.refusal}
            if self.refusal
            else {"type": "output_text", "text": self.text(request), "annotations": [], "logprobs": []}
        )
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        used = {
            "input_tokens": USAGE[0], "output_tokens": USAGE[1], "total_tokens": sum(USAGE),
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }  # fmt: skip
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "error": None, "incomplete_details": None,
            "status": "completed" if self.finish == "stop" else "incomplete", "model": request["model"],
            "output": [message], "usage": used, "instructions": request["instructions"], "metadata": {}, "tools": [],
            "tool_choice": "auto", "temperature": 1.0, "top_p": 1.0, "parallel_tool_calls": True,
        }  # fmt: skip


class Injector:
    """Stands between client and provider and, for each request, does the next of `faults`, or passes it on.

    A number answers with that status; "429:2" with a Retry-After of two seconds; "hang" answers nothing, "cut" breaks
    off in the middle of the body, "html" answers with a page, "empty" with an empty object.
    """

    def __init__(self, upstream: Provider) -> None:
        self.faults: deque[str] = deque()
        self.always = ""
        self.met: list[str] = []
        self.times: list[float] = []
        self._upstream, self._end = upstream, threading.Event()
        self._server = _serve(self._handle)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        fault = self.faults.popleft() if self.faults else self.always
        self.met.append(fault)
        self.times.append(time.monotonic())
        code, _, seconds = fault.partition(":")
        if code.isdigit():
            more = {"Retry-After": seconds} if seconds else {}
            # Real endpoints repeat the key here; it must not get any further.
            return reply(handler, int(code), error(f"no: {handler.headers.get('authorization')}"), more)
        if fault == "quota":
            body = {"error": {"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
            return reply(handler, 429, body)
        if fault == "hang":
            self._end.wait(5)
            handler.close_connection = True
            return None
        if fault == "html":
            return reply(handler, 200, "<html>Please sign in</html>")
        if fault == "empty":
            return reply(handler, 200, {})
        line = http.client.HTTPConnection("127.0.0.1", self._upstream.port, timeout=5)
        line.request(handler.command, handler.path, raw, dict(handler.headers.items()))
        answer = line.getresponse()
        body = answer.read()
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        handler.close_connection = True
        return None


@contextmanager
def provided(check: Check | None = None) -> Iterator[tuple[Provider, Injector]]:
    """Give a provider with an injector in front of it."""
    provider = Provider(check)
    injector = Injector(provider)
    try:
        yield provider, injector
    finally:
        injector.close()
        provider.close()


def faults_of(path: str, request: dict[str, Any]) -> list[str]:
    """Return what the API would refuse, by the few rules that matter here."""
    known = {
        "/v1/chat/completions": {"model", "messages", "max_completion_tokens", "response_format"},
        "/v1/responses": {"model", "instructions", "input", "max_output_tokens", "store", "text"},
    }[path]
    faults = [f"unknown key {key}" for key in sorted(set(request) - known)]
    faults += [f"no {key}" for key in ("model",) if not isinstance(request.get(key), str)]
    if path.endswith("responses") and request.get("store") is not False:
        faults.append("the picture would be stored")
    strict = request.get("response_format", {}).get("json_schema") or request.get("text", {}).get("format")
    if strict is not None:
        faults += _schema_faults(strict["schema"]) + ([] if strict.get("strict") is True else ["not strict"])
    for url in _urls(request):
        head, _, data = url.partition(",")
        jpeg = base64.b64decode(data, validate=True)
        if head != "data:image/jpeg;base64" or jpeg[:3] != b"\xff\xd8\xff":
            faults.append("no JPEG")
    return faults


def _schema_faults(schema: dict[str, Any]) -> list[str]:
    """Strict schemas name every property as required and allow no other."""
    faults = []
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False or set(schema["required"]) != set(schema["properties"]):
            faults.append("a strict schema must require every property and allow no other")
        for inner in schema["properties"].values():
            faults += _schema_faults(inner)
    return faults


def _urls(request: dict[str, Any]) -> list[str]:
    parts = [part for message in request.get("messages") or request.get("input") or [] for part in message["content"]]
    found = [part["image_url"] for part in parts if isinstance(part, dict) and "image_url" in part]
    return [url["url"] if isinstance(url, dict) else url for url in found]


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def reply(handler: BaseHTTPRequestHandler, status: int, body: Any, more: dict[str, str] | None = None) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
    handler.send_header("Content-Length", str(len(raw)))
    for name, value in (more or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(raw)


def _serve(handle: Callable[[BaseHTTPRequestHandler], None]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                handle(self)
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
