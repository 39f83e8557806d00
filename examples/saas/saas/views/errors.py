"""The page of every answer that is an error, such as 404."""

from __future__ import annotations

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _show)


def _show(error: HTTPException) -> Response:
    """Put our page into the error's own answer, unless that is complete, as in JSON for a client that prefers it."""
    answer = error.get_response()
    if error.response is None:
        answer.set_data(render_template("error.html", error=error))
    return answer
