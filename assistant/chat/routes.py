"""What the chat's page loads besides: a filing's PDF, and questions that are offered."""

from __future__ import annotations

from pathlib import PurePath

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from assistant.answering.answer import Assistant
from assistant.answering.cite import unharmed
from assistant.answering.question import Asked
from index.errors import StoreError


def filing_route(assistant: Assistant) -> Route:
    """Serves the store's PDFs, by SHA-256: nothing else, and none that is harmed."""

    def send(request: Request) -> Response:
        try:
            filing = assistant.filing(request.path_params["sha256"])
        except (KeyError, StoreError) as error:
            return Response(status_code=404 if isinstance(error, KeyError) else 503)
        copy = assistant.original(filing)
        if filing.format != "pdf" or not unharmed(copy, filing):
            return Response(status_code=404)
        return FileResponse(
            copy,
            media_type="application/pdf",
            filename=PurePath(filing.path).name,
            content_disposition_type="inline",
            # Stricter, browsers wouldn't show it.
            headers={"Content-Security-Policy": "frame-ancestors 'none'"},
        )

    return Route("/filing/{sha256}.pdf", send)


def completion_route(assistant: Assistant) -> Route:
    """Filed questions that what is being typed (``q``) may become, under the filters given."""

    def complete(request: Request) -> Response:
        asked = Asked.at(dict(request.query_params))
        found = [] if asked.problem else assistant.completions(asked.question, asked.scopes)
        return JSONResponse({"questions": found})

    return Route("/complete", complete)
