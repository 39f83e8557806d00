"""`flask subs extend|cancel|resume|pause|unpause ACCOUNT`: what services do for views, done by an operator."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ..actions import cancel as cancelling
from ..actions import pause as pausing
from ..actions.context import Context
from ..actions.extend_trial import extend_trial
from ..actions.lookup import latest
from ..models import Subscription
from .common import FOUND, echo_json, fail, in_app, stored_text
from .operating import OPERATOR, operating
from .show import say_subscription

TEXT: dict[str, Any] = {"callback": stored_text, "show_default": True}
SHARED = (
    click.option("--product", default="default", metavar="PRODUCT", help="Of this product.", **TEXT),
    click.option("--actor", default=OPERATOR, metavar="NAME", help="Who the audit says acts.", **TEXT),
    click.option("--json", "as_json", is_flag=True, help="Print the subscription as one JSON object."),
)


def _verb(function: Callable[..., None]) -> click.Command:
    """Make a command of what is done to an account's subscription; it prints what became of that."""

    @wraps(function)
    def act(account_id: str, product: str, actor: str, as_json: bool, **arguments: Any) -> None:
        with operating(actor) as context:
            subscription = latest(context.session, account_id, product)
            if subscription is None:
                fail(f"account {account_id!r} has no subscription to {product!r}", FOUND)
            function(context, subscription, **arguments)
            document = subscription.to_dict()
        echo_json(document) if as_json else say_subscription(document)

    command = in_app(act)
    for option in reversed(SHARED):
        command = option(command)
    return click.command()(click.argument("account_id", metavar="ACCOUNT", callback=stored_text)(command))


@_verb
@click.argument("days", metavar="DAYS", type=click.IntRange(1, 3650))
def extend(context: Context, subscription: Subscription, days: int) -> None:
    """Give a trial more days; its reminders are due anew."""
    extend_trial(context, subscription, days=days)


@_verb
@click.option("--now", is_flag=True, help="At once, instead of at the end of the trial or term.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit.")
def cancel(context: Context, subscription: Subscription, now: bool, reason: str) -> None:
    """End a subscription at the end of its trial or term; one without such an end is ended at once."""
    cancelling.cancel(context, subscription, at_period_end=not now, reason=reason)


@_verb
def resume(context: Context, subscription: Subscription) -> None:
    """Take back a cancellation that has not come yet."""
    cancelling.withdraw_cancellation(context, subscription)


@_verb
def pause(context: Context, subscription: Subscription) -> None:
    """Stop access and workspaces of an active subscription."""
    pausing.pause(context, subscription)


@_verb
def unpause(context: Context, subscription: Subscription) -> None:
    """Give a paused subscription its access and workspaces back."""
    pausing.unpause(context, subscription)
