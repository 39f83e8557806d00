"""The template global `subscription`: what the account of the request has, as it is at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from flask import Flask, has_request_context, request
from sqlalchemy import event
from sqlalchemy.orm import SessionTransaction
from werkzeug.local import LocalProxy

from ..errors import InvalidInput
from ..models import Subscription
from ..runtime import Runtime

NAME = "subscription"
KEPT = "subscription_ops.kept"


class Rights(Protocol):
    """Who asks, and what do they have."""

    @property
    def runtime(self) -> Runtime:
        """What the app works with."""

    def current_account_id(self) -> str | None:
        """Return the account of the request being answered."""

    def get(self, account_id: str, product: str = "default") -> Subscription | None:
        """Return the account's subscription to the product."""


class TemplateSubscription(LocalProxy[Subscription | None]):
    """The current account's subscription, looked up when it is used, and anew where it may be another one."""

    __slots__ = ()


class _Kept(NamedTuple):
    """What was found for whom, and the transaction it was read in: the next one may find something else."""

    account_id: str
    transaction: SessionTransaction | None
    subscription: Subscription | None


def add_template_global(app: Flask, rights: Rights) -> None:
    """Let templates say `subscription`; a global of that name that the app has already stays."""
    app.jinja_env.globals.setdefault(NAME, TemplateSubscription(lambda: _current(rights)))


def template_problems(app: Flask) -> Iterator[str]:
    """Name what keeps templates from the global."""
    if type(app.jinja_env.globals.get(NAME)) is not TemplateSubscription:
        yield (
            f"templates know another global {NAME!r}, which the app has set: ours is not there; rename it,"
            " or leave it and look the subscription up with subs.get(account_id)"
        )


def subscription_of(rights: Rights, account_id: str, product: str = "default") -> Subscription | None:
    """Return the account's subscription, or None; a key that no account can have has none."""
    try:
        return rights.get(account_id, product)
    except InvalidInput:
        return None


def _current(rights: Rights) -> Subscription | None:
    account_id = rights.current_account_id()
    if account_id is None:
        return None
    kept: _Kept | None = request.environ.get(KEPT) if has_request_context() else None
    if kept is None or kept[:2] != (account_id, _transaction(rights)):
        found = subscription_of(rights, account_id)
        kept = _Kept(account_id, _transaction(rights), found)
        if has_request_context():
            request.environ[KEPT] = kept
    return kept.subscription


def _transaction(rights: Rights) -> SessionTransaction | None:
    session = rights.runtime.session()
    return session.get_nested_transaction() or session.get_transaction()


@event.listens_for(Subscription, "after_insert")
def _look_again(*_: Any) -> None:
    if has_request_context():
        request.environ.pop(KEPT, None)
