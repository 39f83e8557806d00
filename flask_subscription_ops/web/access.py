"""Who may see a page: only an account with access to the product."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from flask import abort, current_app, has_request_context, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response as BaseResponse

from ..actions.arguments import text_key
from ..errors import InvalidInput

if TYPE_CHECKING:
    from ..models import Subscription
    from ..settings import Settings

View = TypeVar("View", bound=Callable[..., Any])

CACHED = "subscription_ops.current"


class PaymentRequired(HTTPException):
    """402, which Werkzeug does not know: register an error handler for this class to show a page of your own."""

    code = 402
    description = "This page needs a subscription."


class Rights(Protocol):
    """Who asks, and what do they have."""

    @property
    def settings(self) -> Settings:
        """The app's settings."""

    def current_account_id(self) -> str | None:
        """Return the account of the request being answered."""

    def get(self, account_id: str, product: str = "default") -> Subscription | None:
        """Return the account's subscription to the product."""


def access_required(rights: Rights, product: str) -> Callable[[View], View]:
    """Return a decorator that lets only accounts with access in.

    Without an account it answers 401; without access it redirects to SUBS_ACCESS_DENIED, or answers 402.
    """
    if not isinstance(product, str):
        raise InvalidInput('write @subs.access_required(), or @subs.access_required("product"), with parentheses')
    text_key(product, "product")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            account_id = rights.current_account_id()
            if account_id is None:
                abort(401)
            subscription = _subscription(rights, account_id, product)
            if subscription is None or not subscription.has_access:
                return _denied(rights.settings.access_denied)
            return current_app.ensure_sync(view)(*args, **kwargs)

        return cast(View, guarded)

    return decorate


def _subscription(rights: Rights, account_id: str, product: str = "default") -> Subscription | None:
    """Return the account's subscription, or None; a key that no account can have has none."""
    try:
        return rights.get(account_id, product)
    except InvalidInput:
        return None


def _denied(target: str | None) -> BaseResponse:
    if target is None:
        raise PaymentRequired
    return redirect(target if "/" in target else url_for(target))


def template_subscription(rights: Rights) -> LocalProxy[Subscription | None]:
    """Return the template global `subscription`: the current account's, looked up once a request when it is used."""

    def current() -> Subscription | None:
        seen: dict[str, Any] = request.environ if has_request_context() else {}
        if CACHED not in seen:
            account_id = rights.current_account_id()
            seen[CACHED] = None if account_id is None else _subscription(rights, account_id)
        return cast("Subscription | None", seen[CACHED])

    return LocalProxy(current)
