"""One live socket: what comes in is sorted, the newest frame is analysed, answers go out in order."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, WebSocket
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from mimika.data.errors import InputError, MimikaError
from mimika.pipeline import Pipeline
from mimika.web.answers import LiveStart
from mimika.web.choices import choice_of
from mimika.web.errors import ApiError, Overloaded, code_of
from mimika.web.frames import Packet, within
from mimika.web.gate import purpose_for
from mimika.web.photos import options_of
from mimika.web.pool import Urgency
from mimika.web.security import Caller, caller_of
from mimika.web.sessions import LiveHub, LiveSession

if TYPE_CHECKING:
    from mimika.data.frame import Frame

_START_S = 10.0
_TEXT_BYTES = 64 << 10
_WRONG_MOST = 100
"""After so many frames in a row that cannot be used the line is closed."""
POLICY, BUSY, FAILED = 1008, 1013, 1011
"""How a line is closed: not let in, too much to do, broken (RFC 6455, section 7.4)."""


def hub_of(app: FastAPI) -> LiveHub:
    """Return the live sessions of an application."""
    hub: LiveHub | None = getattr(app.state, "live", None)
    if hub is None:
        config, pool = app.state.config, app.state.pool
        # One more than are worked on, so that no thread waits for the next frame; all others can still be replaced.
        turns = min(pool.workers + 1, max(pool.queue - 1, 1))
        hub = app.state.live = LiveHub(partial(Pipeline, options_of(config)), config.limits.live, turns)
        app.state.metrics.sessions.set_function(lambda: float(len(hub)))
    return hub


class Line:
    """One socket: what comes in is sorted, the newest frame is analysed, answers go out in order."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket, self._app = socket, socket.app
        self._hub = hub_of(socket.app)
        self._newest: tuple[Packet, float] | None = None
        self._came = asyncio.Event()
        self._sending = asyncio.Lock()
        self._wrong = 0

    async def begin(self) -> LiveSession:
        """Hear the first message and return its session.

        Raises:
            MimikaError: if the client is not let in, or asks for what there is not.
            TimeoutError: if nothing is said.
        """
        message = await asyncio.wait_for(self._socket.receive(), _START_S)
        start = _start(message)
        who = await caller_of(self._socket, start.token)
        if not who.may("analyze"):
            raise ApiError(403, "scope_missing", "the token lacks the scope 'analyze'")
        session = self._hub.resume(start.resume, who.owner) if start.resume else None
        resumed = session is not None
        if session is None:
            session = await self._new(start, who)
        session.holder = self
        recorder = session.recorder
        if start.record and recorder is None:
            try:
                recorder = await run_in_threadpool(session.begin, start.name or "live")
            except MimikaError:
                await self._hub.drop(session)
                raise
        told = {"id": recorder.id, "name": recorder.recording.name} if recorder is not None else None
        await self._say(
            {"type": "ready", "session": session.id, "mode": session.mode, "resumed": resumed, "recording": told}
        )
        return session

    async def _new(self, start: LiveStart, who: Caller) -> LiveSession:
        app = self._app
        self._hub.room()
        purpose = await purpose_for(app, who, start.purpose)
        choice = choice_of(start.options, options_of(app.state.config), live=True)
        known = None
        if start.person is not None:
            profile = await run_in_threadpool(app.state.store.profile, who.owner, start.person)
            known = profile.baseline if choice.profile else None
        if choice.profile and known is None:
            raise ApiError(422, "invalid", "options: baseline: profile needs a person whose profile has a baseline")
        pipeline = await app.state.pool.run_as(Urgency.REQUEST, lambda: self._hub.pipeline)
        hook = app.state.webhook
        second = app.state.cloud.opened(who.owner) if app.state.cloud is not None else None
        tell = hook.send if hook else None
        session = LiveSession(pipeline, choice, who.owner, purpose, app.state.store, start.person, known, tell, second)
        self._hub.add(session)
        await run_in_threadpool(app.state.store.note, "live.start", who.owner, session.id, mode=session.mode)
        return session

    async def serve(self, session: LiveSession) -> None:
        """Serve until the line breaks or the client stops."""
        worker = asyncio.ensure_future(self._work(session))
        try:
            stopped = await self._listen(session, worker)
        except (WebSocketDisconnect, RuntimeError):
            stopped = False
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await worker
        if not stopped:
            self._hub.leave(session, self)
            return
        recorder = await self._hub.drop(session)
        with suppress(WebSocketDisconnect, RuntimeError):
            if recorder is not None:
                await self._say({"type": "recording", "id": recorder.id, "on": False})
            await self._say({"type": "stopped"})
            await self._socket.close()

    async def refuse(self, error: BaseException) -> None:
        """Say why the client is not served and close the line."""
        with suppress(WebSocketDisconnect, RuntimeError):
            known = error if isinstance(error, MimikaError) else ApiError(408, "too_slow", "no start message came")
            await self._say({"type": "error", "code": code_of(known), "message": str(known)})
            await self._socket.close(BUSY if isinstance(error, Overloaded) else POLICY)

    async def _listen(self, session: LiveSession, worker: asyncio.Future[None]) -> bool:
        """Take what the client says; returns whether it stopped in order."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect" or session.holder is not self or worker.done():
                return False
            data = message.get("bytes")
            if data is None:
                if await self._control(session, message.get("text") or ""):
                    return True
                continue
            try:
                packet = Packet.read(data)
            except InputError as error:
                await self._wrong_frame(error)
                continue
            if self._newest is not None:
                self._dropped(session)
            self._newest = packet, time.perf_counter()
            self._came.set()

    async def _work(self, session: LiveSession) -> None:
        """Analyse the newest frame again and again."""
        while True:
            await self._came.wait()
            try:
                async with self._hub.turns:
                    self._came.clear()
                    if self._newest is None:
                        continue
                    (packet, came), self._newest = self._newest, None
                    began = time.perf_counter()
                    text, more = await self._answer(session, packet)
                now = time.perf_counter()
                self._app.state.metrics.frames.inc()
                self._wrong = 0
                told = f',"behind_ms":{1000 * (now - came):.1f},"dropped":{session.dropped}'
                await self._send(f'{text}{told},"server_ms":{1000 * (now - began):.1f}}}')
                for each in more:
                    await self._send(each)
            except Overloaded:
                self._dropped(session)
                await asyncio.sleep(0.05)
            except (InputError, ApiError) as error:
                await self._wrong_frame(error)

    async def _answer(self, session: LiveSession, packet: Packet) -> tuple[str, list[str]]:
        """Decode a frame, in a process that can be killed if that may take long, and analyse it."""
        if packet.quick:
            step = partial(_step, session, packet)
        else:
            frame = await self._app.state.decoders.frame(bytes(packet.data), "frame", packet.time_s)
            within(frame.width, frame.height)
            step = partial(session.step, frame)
        found: tuple[str, list[str]] = await self._app.state.pool.run_as(self._hub.urgency(), step)
        return found

    async def _control(self, session: LiveSession, text: str) -> bool:
        """Do what a text message asks for; returns whether it was to stop."""
        try:
            return await self._asked(session, _message(text))
        except MimikaError as error:
            await self._say({"type": "error", "code": code_of(error), "message": str(error)})
            return False

    async def _asked(self, session: LiveSession, asked: dict[str, Any]) -> bool:
        kind = asked.get("type")
        if kind == "stop":
            return True
        if kind == "baseline":
            seconds, profile = asked.get("seconds", 3), asked.get("profile")
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.5 <= seconds <= 60:
                raise ApiError(422, "invalid", "seconds: expected 0.5..60")
            if profile is not None:
                await run_in_threadpool(self._app.state.store.profile, session.owner, str(profile))
            await run_in_threadpool(session.learn, float(seconds), None if profile is None else str(profile))
            await self._say({"type": "baseline", "state": "measuring", "seconds": seconds})
        elif kind == "record":
            await self._record(session, bool(asked.get("on", True)), str(asked.get("name") or "live")[:200])
        elif kind == "mark":
            mark = str(asked.get("text") or "").strip()[:500]
            if not mark:
                raise ApiError(422, "invalid", "text: expected what happened")
            event = await run_in_threadpool(session.mark, mark)
            await self._say({"type": "event", **event.as_json()})
        else:
            raise ApiError(422, "invalid", "type: expected baseline, record, mark or stop")
        return False

    async def _record(self, session: LiveSession, on: bool, name: str) -> None:
        recorder = session.recorder
        if on:
            if recorder is None:
                recorder = await run_in_threadpool(session.begin, name)
            await self._say({"type": "recording", "id": recorder.id, "on": True, "name": recorder.recording.name})
            return
        recorder = session.end()
        if recorder is not None:
            await run_in_threadpool(recorder.close)
        await self._say({"type": "recording", "id": recorder.id if recorder is not None else None, "on": False})

    async def _wrong_frame(self, error: MimikaError) -> None:
        self._wrong += 1
        await self._say({"type": "error", "code": code_of(error), "message": str(error)})
        if self._wrong >= _WRONG_MOST:
            await self._socket.close(POLICY)
            raise WebSocketDisconnect(POLICY)

    def _dropped(self, session: LiveSession) -> None:
        session.dropped += 1
        self._app.state.metrics.dropped.inc()

    async def _say(self, value: dict[str, Any]) -> None:
        await self._send(json.dumps(value, separators=(",", ":"), allow_nan=False))

    async def _send(self, text: str) -> None:
        async with self._sending:
            if self._socket.application_state is not WebSocketState.CONNECTED:
                raise WebSocketDisconnect(FAILED)
            await self._socket.send_text(text)


def _step(session: LiveSession, packet: Packet) -> tuple[str, list[str]]:
    """Decode and analyse one frame, on a thread of the pool."""
    frame: Frame = packet.frame()
    return session.step(frame)


def _start(message: Any) -> LiveStart:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    try:
        return LiveStart.model_validate(_message(message.get("text") or ""))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ApiError(422, "invalid", f"start: {place}: {first['msg']}") from error


def _message(text: str) -> dict[str, Any]:
    """Read a text message.

    Raises:
        ApiError: if it is not a JSON object.
    """
    try:
        plain = json.loads(text, parse_constant=_no_number) if len(text) <= _TEXT_BYTES else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise ApiError(422, "invalid", 'expected a message such as {"type": "start"}')
    return plain


def _no_number(text: str) -> float:
    raise ValueError(text)
