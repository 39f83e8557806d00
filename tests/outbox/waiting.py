"""Effects that wait, in the shapes that tests need."""

from __future__ import annotations

from collections.abc import Sequence

from flask_subscription_ops.models import Subscription

from ..hosts import NOON, Host

HASTY = {
    "SUBS_LEASE_SECONDS": 2,
    "SUBS_HOOK_TIMEOUT": 0.2,
    "SUBS_MAIL_TIMEOUT": 0.2,
    "SUBS_PROVIDER_TIMEOUT": 0.2,
}  # what hangs is cut off soon


def emails_to(host: Host, accounts: int) -> Host:
    """Queue a welcome to each of so many accounts, called by their numbers from 0 on."""
    for number in range(accounts):
        host.trial(str(number))
    return host


def operations_of(host: Host, account_id: str, *, products: Sequence[str]) -> dict[str, Subscription]:
    """Queue one wish to stop workspaces for each product, by pausing a paid subscription."""
    host.at(NOON)
    found = {product: host.subs.subscribe(account_id, "pro", product=product) for product in products}
    for subscription in found.values():
        host.subs.pause(subscription)
    host.db.session.commit()
    return found
