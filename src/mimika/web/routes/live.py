"""Live: frames in, observations out, over one socket; the newest frame wins."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from mimika.data.errors import MimikaError
from mimika.web.line import POLICY, Line
from mimika.web.security import origin_allowed

router = APIRouter(tags=["live"])


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Serve one live session; docs/reference/server.md has the messages."""
    if not origin_allowed(socket.headers, socket.app.state.config):
        await socket.close(POLICY)
        return
    await socket.accept()
    line = Line(socket)
    try:
        session = await line.begin()
    except WebSocketDisconnect:
        return
    except (MimikaError, TimeoutError) as error:
        await line.refuse(error)
        return
    await line.serve(session)
