"""Whatever a hook, a transport or a contact says, its effect alone is concerned."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import PermanentFailure, UnknownOutcome
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.testing import Reply, Verdict

from ...hosts import NOON, Host, days
from .texts import END, any_thing, everything_still_works


@pytest.mark.parametrize(
    ("hook", "kind"),
    [
        ("contacts", RuntimeError),
        ("suspend_workspaces", RuntimeError),
        ("suspend_workspaces", PermanentFailure),
        ("suspend_workspaces", UnknownOutcome),
    ],
)
def test_whatever_a_hook_says_its_effect_alone_fails_and_is_counted(
    host: Host, hook: str, kind: type[Exception]
) -> None:
    numbers = count()
    good = host.subs._hooks.require(hook)

    @any_thing
    def check(said: Any) -> None:
        number = next(numbers)
        host.trial(f"good{number}")
        host.trial(f"bad{number}")

        @getattr(host.subs, hook)
        def fail(account_ids: Any, *arguments: Any) -> Any:
            if "bad" in str(account_ids):
                raise kind(said)
            return good(account_ids, *arguments)

        report = host.check(END)

        of = {"contacts": "email", "suspend_workspaces": "workspaces"}[hook]
        effects = select(OutboxMessage).where(OutboxMessage.channel == of, OutboxMessage.kind != "trial_started")
        bad = host.db.session.scalars(effects.where(OutboxMessage.account_id == f"bad{number}")).one()
        outcome = "partial" if kind is PermanentFailure else "ok"
        [done] = host.db.session.scalars(effects.where(OutboxMessage.account_id == f"good{number}"))
        assert (report.outcome.value, done.state, bad.attempts) == (outcome, "done", 1)
        assert_told(bad)

    check()
    everything_still_works(host)


def assert_told(message: OutboxMessage) -> None:
    assert message.last_error is not None
    assert len(message.last_error) <= 200
    assert len(message.last_error.splitlines()) <= 1


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.DEFERRED, Verdict.UNKNOWN])
def test_whatever_a_transport_says_the_email_is_counted(host: Host, verdict: Verdict) -> None:
    transport, numbers = host.script(), count()

    @any_thing
    def check(detail: Any) -> None:
        host.trial(f"a{next(numbers)}")
        transport.usually = Reply(verdict, detail)
        host.deliver(NOON)
        newest = host.db.session.query(OutboxMessage).order_by(OutboxMessage.id.desc()).first()
        assert newest is not None
        assert newest.attempts == 1
        assert_told(newest)

    check()
    everything_still_works(host)


@pytest.mark.parametrize("field", ["email", "name", "locale", "timezone"])
def test_whatever_a_contact_holds_the_others_get_their_emails(host: Host, field: str) -> None:
    numbers = count()

    @any_thing
    def check(value: Any) -> None:
        number = next(numbers)
        host.trial(f"good{number}")
        host.trial(f"bad{number}")
        host.known[f"bad{number}"] = replace(Contact("ada@customer.example"), **{field: value})
        host.check(END - days(7))
        emails = host.db.session.query(OutboxMessage).filter_by(kind="trial_started")
        assert emails.filter_by(account_id=f"good{number}").one().state == "done"
        bad = emails.filter_by(account_id=f"bad{number}").one()
        assert bad.state in ("done", "dead", "pending", "no_recipient")
        assert bad.state in ("done", "no_recipient") or bad.attempts == 1

    check()
    everything_still_works(host)
