"""A sample holds what every email of its kind holds, so that a preview needs what the job needs."""

from __future__ import annotations

from flask_subscription_ops.domain.emails import EMAILS, Audience
from flask_subscription_ops.mail.letters.samples import sample
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days

KINDS = {kind.name for kind in EMAILS.values() if kind.audience is Audience.CONTACT}


def live_through_everything(host: Host) -> None:
    """Queue each kind for subscriptions that came to it in every way there is."""
    host.trial("reminded and expired", days=14)
    host.subs.cancel(host.trial("canceled in its trial"), at_period_end=False, reason="asked to")
    host.subs.cancel(host.subs.subscribe("canceled when paid", "pro"), at_period_end=False)
    host.trial("subscribed in its trial")
    host.subs.subscribe("subscribed in its trial", "pro")
    host.subs.subscribe("subscribed at once", "pro")
    host.db.session.commit()
    host.check(NOON + days(11))
    host.check(NOON + days(14))


def test_a_sample_has_the_details_that_every_email_of_its_kind_has(sqlite_host: Host) -> None:
    live_through_everything(sqlite_host)
    stated: dict[str, list[set[str]]] = {}
    for message in sqlite_host.db.session.query(OutboxMessage).filter_by(channel="email"):
        stated.setdefault(message.kind, []).append(set(message.details))

    assert stated.keys() == KINDS
    assert {kind: set(sample(kind, "en").details) for kind in KINDS} == {
        kind: set.intersection(*found) for kind, found in stated.items()
    }
