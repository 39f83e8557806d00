"""An alert is an effect about no account, for the administrators."""

from __future__ import annotations

from collections.abc import Callable

from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox.effects import alerts
from flask_subscription_ops.outbox.enqueue import enqueue

from ..hosts import NOON, Host

ADMINS = ("ops@host.example", "night@host.example")
LINES = ["trial-expired:sub-1:2026-12-15", "and one\nthat would forge a line"]


def queue(host: Host, recipients: int = len(ADMINS)) -> int:
    found = alerts("dead_effect", "emails", "2 effects are dead", LINES, recipients=recipients, now=NOON)
    with host.subs.runtime.writing() as session:
        return len(enqueue(session, found, NOON))


def test_an_alert_goes_to_every_administrator_and_is_about_no_account(make: Callable[..., Host]) -> None:
    host = make(SUBS_ADMIN_EMAILS=ADMINS)
    assert (queue(host), queue(host)) == (2, 0)

    report = host.deliver(NOON)

    assert (report.outcome, host.effects()) == (
        "ok",
        {f"alert:dead_effect:emails:2026-12-01T12:{n}": "done" for n in (1, 2)},
    )
    first, second = host.subs.mailbox
    assert (first.recipient, second.recipient) == ADMINS
    assert first.subject == "[ALERT] tests: 2 effects are dead"
    assert "and one that would forge a line" in first.text.splitlines()
    row = host.db.session.query(OutboxMessage).first()
    assert (row.subject, row.account_id, row.subscription_id, row.product) == ("emails", None, None, None)


def test_an_alert_for_an_administrator_who_is_gone_has_no_recipient(make: Callable[..., Host]) -> None:
    host = make(SUBS_ADMIN_EMAILS=ADMINS[:1])
    queue(host)

    host.deliver(NOON)

    assert list(host.effects().values()) == ["done", "no_recipient"]


def test_an_alert_goes_out_while_no_contact_can_be_asked_for(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_ADMIN_EMAILS=ADMINS)
    host.trial("7")
    queue(host)

    @host.subs.contacts
    def contacts(account_ids: object) -> object:
        raise RuntimeError("the directory is away")

    host.deliver(NOON)

    assert list(host.effects().values()) == ["pending", "done", "done"]
