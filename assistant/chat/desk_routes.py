"""What the desk's page sends besides questions: logins and files."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from assistant.chat.desk import Desk
from assistant.chat.logins import COOKIE, LASTS, TooManyError, WrongLoginError
from assistant.chat.uploads import LARGEST, TooMuchError, Upload, too_large
from assistant.limits import caller_at

# Bytes of a login.
_SHORT = 4096


class Entering(BaseModel):
    """A login, as it is given."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(max_length=200)
    password: str = Field(max_length=200)


def desk_router(desk: Desk) -> APIRouter:
    """Log in, log out, send a file: the page calls these, as no form elsewhere could."""
    router = APIRouter(prefix="/desk", include_in_schema=False)

    @router.post("/login", max_body_size=_SHORT)
    async def enter(request: Request, entering: Entering) -> Response:
        return await _enter(desk, request, entering)

    @router.post("/logout", max_body_size=_SHORT)
    async def leave(request: Request) -> Response:
        cookie = request.cookies.get(COOKIE)
        if session := desk.logins.session(cookie):
            await asyncio.to_thread(desk.uploads.drop, session)
        desk.logins.leave(cookie)
        response = JSONResponse({"entered": False})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    @router.post("/upload", max_body_size=LARGEST)
    async def upload(
        request: Request,
        name: Annotated[str, Query(max_length=1000)],
        size: Annotated[int, Query(ge=0)],
    ) -> Response:
        session = desk.logins.session(request.cookies.get(COOKIE))
        if session is None:
            return _refused("login_needed", 403, {"Connection": "close"})
        if size > LARGEST:
            return JSONResponse({"handle": desk.uploads.keep(session, too_large(name))})
        try:
            path = desk.uploads.place(session)
        except TooMuchError:
            return _refused("too_many", 413, {"Connection": "close"})
        await _written(request, path)
        kept = Upload(name, path, path.stat().st_size)
        return JSONResponse({"handle": desk.uploads.keep(session, kept)})

    return router


async def _enter(desk: Desk, request: Request, entering: Entering) -> Response:
    caller = caller_at(request.client.host if request.client else "")
    given = (entering.user, entering.password, caller)
    try:
        cookie = await asyncio.to_thread(desk.logins.enter, *given)
    except WrongLoginError:
        return _refused("login_wrong", 403)
    except TooManyError as error:
        return _refused("login_wait", 429, {"Retry-After": str(math.ceil(error.seconds))})
    response = JSONResponse({"entered": True})
    is_secret = request.url.scheme == "https"
    response.set_cookie(COOKIE, cookie, LASTS, httponly=True, samesite="strict", secure=is_secret)
    return response


async def _written(request: Request, path: Path) -> None:
    """Write what is sent to a file; nothing is left where it doesn't come whole."""
    try:
        with path.open("xb") as file:
            async for chunk in request.stream():
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _refused(error: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status, headers)
