"""Use the server at 127.0.0.1:8460 as a client would: python3 check_server.py TOKEN PHOTO. Needs nothing but Python."""

from __future__ import annotations

import base64
import json
import sys
import urllib.error
import urllib.request
from typing import Any

SERVER = "http://127.0.0.1:8460"


def ask(path: str, token: str, body: dict[str, Any] | None = None) -> bytes:
    """Return what the server answers; `body` makes it a POST."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(SERVER + path, data, headers), timeout=60) as answer:
        return bytes(answer.read())


def refused(path: str) -> bool:
    """Return whether a caller without a token is turned away."""
    try:
        ask(path, "")
    except urllib.error.HTTPError as error:
        return error.code == 401
    return False


def main(token: str, photo: str) -> None:
    """Fail unless strangers are kept out, the page is there, and a face is found on the photo."""
    assert refused("/v1/recordings"), "a caller without a token was let in"
    assert b"<script" in ask("/", token), "the page is missing"
    with open(photo, "rb") as file:
        picture = base64.b64encode(file.read()).decode()
    body = {"images": [{"name": "photo", "data": picture}], "purpose": {"kind": "research"}}
    faces = json.loads(ask("/v1/images", token, body))["images"][0]["faces"]
    assert faces, "no face was found"
    words = [f"{face['label']} {face['confidence']:.2f}" for face in faces]
    print(f"{len(faces)} face(s): {', '.join(words)}; page and token are as they should be")


if __name__ == "__main__":
    main(*sys.argv[1:])
