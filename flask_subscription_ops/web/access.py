"""Who may see a page: only an account with access to the product."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

from flask import current_app, jsonify, make_response, redirect, request, url_for
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from ..actions.arguments import text_key
from ..errors import InvalidInput
from .current import Rights, subscription_of

View = TypeVar("View", bound=Callable[..., Any])

HTML, JSON = "text/html", "application/json"


class PaymentRequired(HTTPException):
    """402, which Werkzeug does not know: register an error handler for this class to show a page of your own."""

    code = 402
    description = "This page needs a subscription."


def access_required(rights: Rights, product: str) -> Callable[[View], View]:
    """Return a decorator that lets only accounts with access in.

    Without an account it answers 401; without access it redirects to SUBS_ACCESS_DENIED, or answers 402. A client that
    prefers JSON gets both as JSON, and is not redirected.
    """
    if not isinstance(product, str):
        raise InvalidInput('write @subs.access_required(), or @subs.access_required("product"), with parentheses')
    text_key(product, "product")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            account_id = rights.current_account_id()
            if account_id is None:
                _refuse(Unauthorized, "unauthorized", "Nobody is logged in.")
            subscription = subscription_of(rights, account_id, product)
            if subscription is None or not subscription.has_access:
                return _denied(rights.runtime.settings.access_denied)
            return current_app.ensure_sync(view)(*args, **kwargs)

        return cast(View, guarded)

    return decorate


def _denied(target: str | None) -> BaseResponse:
    if target is None or _prefers_json():
        _refuse(PaymentRequired, "payment_required", "This needs a subscription.")
    return redirect(target if "/" in target else url_for(target))


def _refuse(error: type[HTTPException], name: str, message: str) -> NoReturn:
    if not _prefers_json():
        raise error
    raise error(message, make_response(jsonify(error=name, message=message), error.code))


def _prefers_json() -> bool:
    return request.is_json or request.accept_mimetypes.best_match([HTML, JSON]) == JSON
