"""The page, as the package build left it in `static`."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from mimika.web.errors import ApiError

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).resolve().parents[1] / "static"
_MISSING = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>mimika</title><h1>mimika</h1>"
    "<p>The server runs; its page was not built into this copy. The API is described at "
    "<a href=/v1/openapi.json>/v1/openapi.json</a>.</p></html>"
)
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}


@router.get("/")
async def index() -> Response:
    """Return the page."""
    file = STATIC / "index.html"
    return FileResponse(file, headers=_FRESH) if file.is_file() else HTMLResponse(_MISSING)


@router.get("/static/{path:path}")
async def static(path: str) -> Response:
    """Return a file of the page; those with a hash in their name never change."""
    file = (STATIC / path.replace("\0", "")).resolve()
    if not file.is_relative_to(STATIC) or not file.is_file():
        raise ApiError(404, "not_found", "there is no such file")
    hashed = file.parent.name == "assets"
    return FileResponse(file, headers=_FOREVER if hashed else _FRESH)
