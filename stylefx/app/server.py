"""The page's server: Starlette and uvicorn.

Why these: the address is printed 0.3 s after the command was given, they come with 4 MB of packages in all, and they
are tested as they run, through a real socket. A toolkit that draws its page from Python would bring its own scripts
and keep what the page shows in the server. News goes to the page as server-sent events, which need no further package;
a page that comes back gets the whole state again, so a reload and a second page are the same case.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from stylefx.app.jobs import Jobs
from stylefx.app.library import Library
from stylefx.app.live_control import LiveControl
from stylefx.app.security import Guard, host_and_port
from stylefx.app.session import Session, TooLargeError
from stylefx.app.studio import Studio
from stylefx.errors import StylefxError
from stylefx.io.output import system_words

PAGE = Path(__file__).with_name("page")
FILES = {"": "index.html"} | {path.name: path.name for path in PAGE.iterdir()}
MAX_JSON_BYTES = 65_536
LOOK_UP_SECONDS, ALIVE_SECONDS = 0.1, 15.0


class Server:
    """Serves one session and one library on an opened ``listener``."""

    def __init__(self, library: Library, session: Session, listener: socket.socket):
        self._listener, self.token = listener, secrets.token_urlsafe(24)
        self._address, self._port = listener.getsockname()[:2]
        self._news, self._ended = 0, False
        self.jobs = Jobs(self._changed)
        self.live = LiveControl(library, self._changed)
        self._studio = Studio(library, session, self.jobs)
        self._library, self._session = library, session

    @property
    def url(self) -> str:
        """What to open."""
        return f"http://{host_and_port(self._address, self._port)}/?token={self.token}"

    def run(self) -> None:
        """Until Ctrl-C or SIGTERM."""
        import uvicorn

        config = uvicorn.Config(
            self.app(), log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        server = _ending_server(config, self._end)
        try:
            server.run([self._listener])
        finally:
            self.live.close()
            self.jobs.close()

    def _end(self) -> None:
        self._ended = True

    def _changed(self) -> None:
        self._news += 1

    def app(self) -> Guard:
        """The ASGI application."""
        name, number = "{name:str}", "{number:int}"
        routes = [
            Route("/", self._page),
            Route("/page/{file:str}", self._page),
            Route("/api/events", self._events),
            Route("/api/sounds", _saying(self._take_sound), methods=["POST"]),
            Route(f"/api/sounds/{number}/look", _saying(self._look)),
            Route(f"/api/sounds/{number}/file", _saying(self._sound_file)),
            Route("/api/styles", _saying(self._fit), methods=["POST"]),
            Route("/api/import", _saying(self._import), methods=["POST"]),
            Route(f"/api/styles/{name}", _saying(self._rename), methods=["PATCH"]),
            Route(f"/api/styles/{name}", _saying(self._delete), methods=["DELETE"]),
            Route(f"/api/styles/{name}/file", _saying(self._export)),
            Route(f"/api/styles/{name}/clip", _saying(self._clip)),
            Route(f"/api/styles/{name}/picture", _saying(self._picture)),
            Route("/api/renders", _saying(self._render), methods=["POST"]),
            Route(f"/api/jobs/{number}", _saying(self._result)),
            Route(f"/api/jobs/{number}", _saying(self._cancel), methods=["DELETE"]),
            Route("/api/live/devices", _saying(self._devices)),
            Route("/api/live", _saying(self._start_live), methods=["POST"]),
            Route("/api/live", _saying(self._press), methods=["PATCH"]),
            Route("/api/live", _saying(self._stop_live), methods=["DELETE"]),
        ]
        return Guard(Starlette(routes=routes), self._address, self._port, self.token)

    async def _page(self, request: Request) -> Response:
        file = FILES.get(request.path_params.get("file", ""))
        if file is None:
            return JSONResponse({"error": "there is no such page"}, 404)
        return FileResponse(PAGE / file, headers={"Cache-Control": "no-cache"})

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _stream(self) -> AsyncIterator[bytes]:
        sent_news, sent_live_news, quiet = -1, -1, 0.0
        while not self._ended:
            if sent_news != self._news:
                sent_news, quiet = self._news, 0.0
                state = await asyncio.to_thread(self._studio.state)
                yield f"data: {json.dumps(state)}\n\n".encode()
            if sent_live_news != self.live.news:
                sent_live_news, quiet = self.live.news, 0.0
                yield f"event: live\ndata: {json.dumps(self.live.state())}\n\n".encode()
            elif quiet > ALIVE_SECONDS:
                quiet = 0.0
                yield b": still here\n\n"
            await asyncio.sleep(LOOK_UP_SECONDS)
            quiet += LOOK_UP_SECONDS

    # Sounds ------------------------------------------------------------------------------------------------

    async def _take_sound(self, request: Request) -> Any:
        name = request.query_params.get("name", "sound")
        path = await self._session.receive(name, request.stream(), _declared(request))
        found = await asyncio.to_thread(self._studio.take_sound, path)
        self._changed()
        return found

    async def _look(self, request: Request) -> Any:
        return await asyncio.to_thread(self._session.look, self._session.sound(request.path_params["number"]))

    async def _sound_file(self, request: Request) -> Response:
        sound = self._session.sound(request.path_params["number"])
        saved = sound.name if "save" in request.query_params else None
        # Whatever its name, no browser may take it for a page.
        kind = mimetypes.guess_type(sound.path.name)[0] or ""
        media_type = kind if kind.startswith("audio/") else "application/octet-stream"
        return FileResponse(sound.path, filename=saved, media_type=media_type)

    # Styles ------------------------------------------------------------------------------------------------

    async def _fit(self, request: Request) -> Any:
        return self._studio.fit(await _json(request))

    async def _import(self, request: Request) -> Any:
        name = request.query_params.get("name", "")
        path = await self._session.receive(f"{name}.npz", request.stream(), _declared(request))
        try:
            await asyncio.to_thread(self._library.take_in, path, name)
        finally:
            path.unlink(missing_ok=True)
        self._changed()
        return {}

    async def _rename(self, request: Request) -> Any:
        self._library.rename(request.path_params["name"], (await _json(request)).get("name"))
        self._changed()
        return {}

    async def _delete(self, request: Request) -> Any:
        self._library.delete(request.path_params["name"])
        self._changed()
        return {}

    async def _export(self, request: Request) -> Response:
        path = self._library.file(request.path_params["name"])
        return FileResponse(path, filename=path.name)

    async def _clip(self, request: Request) -> Response:
        return FileResponse(self._library.file(request.path_params["name"], ".flac"))

    async def _picture(self, request: Request) -> Any:
        return await asyncio.to_thread(self._studio.picture, request.path_params["name"])

    # Renders and jobs --------------------------------------------------------------------------------------

    async def _render(self, request: Request) -> Any:
        return self._studio.render(await _json(request))

    async def _result(self, request: Request) -> Any:
        return self._studio.result(request.path_params["number"])

    async def _cancel(self, request: Request) -> Any:
        self.jobs.cancel(self._studio.job(request.path_params["number"]))
        return {}

    # Live --------------------------------------------------------------------------------------------------

    async def _devices(self, request: Request) -> Any:
        return await asyncio.to_thread(self.live.devices)

    async def _start_live(self, request: Request) -> Any:
        return self.live.start(await _json(request))

    async def _press(self, request: Request) -> Any:
        return self.live.press(await _json(request))

    async def _stop_live(self, request: Request) -> Any:
        return self.live.stop()


def _ending_server(config: Any, end: Callable[[], None]) -> Any:
    """A server that says when it is to end, so that streams of events do."""
    import uvicorn

    class Ending(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            end()
            super().handle_exit(sig, frame)

    return Ending(config)


def _saying(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Results as JSON; what a user can cause as a sentence."""

    async def answered(request: Request) -> Response:
        try:
            found = await answer(request)
        except TooLargeError as error:
            return JSONResponse({"error": str(error)}, 413, {"Connection": "close"})
        except StylefxError as error:
            return JSONResponse({"error": str(error)}, 400)
        except OSError as error:
            return JSONResponse({"error": f"that could not be written or read: {system_words(error)}"}, 507)
        return found if isinstance(found, Response) else JSONResponse(found)

    return answered


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() else 0


async def _json(request: Request) -> dict[str, Any]:
    """A small JSON object."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_JSON_BYTES:
            raise TooLargeError("that is more than the page ever asks for")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StylefxError("the page and the server do not understand each other: reload the page")
    return found
