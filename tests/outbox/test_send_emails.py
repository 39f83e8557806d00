from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.models import OutboxMessage, Subscription
from flask_subscription_ops.testing import UNREACHABLE

from ..hosts import NOON, Host, days

REMINDER = "trial-reminder:sub-1:2026-12-15:7"
A_WEEK_BEFORE = NOON + days(7)


def extend(host: Host, trial: Subscription) -> None:
    host.subs.extend_trial(trial, days=3)


def subscribe(host: Host, trial: Subscription) -> None:
    host.subs.subscribe("1", "pro")


def cancel(host: Host, trial: Subscription) -> None:
    host.subs.cancel(trial, at_period_end=False)


def cancel_at_its_end(host: Host, trial: Subscription) -> None:
    host.subs.cancel(trial)


def test_emails_wait_untried_where_no_hook_tells_whom_to_write_to(make: Callable[..., Host]) -> None:
    host = make(without=["contacts"])
    host.trial()

    with pytest.raises(ConfigurationError, match="no contacts hook is registered"):
        host.deliver(NOON)

    welcome = row(host, "trial-started:sub-1:2026-12-15")
    assert (welcome.state, welcome.attempts, welcome.first_tried_at) == ("pending", 0, None)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (extend, "the trial's end was moved"),
        (subscribe, "the subscription is active"),
        (cancel, "the subscription is canceled"),
        (cancel_at_its_end, "the trial is to be canceled at its end"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_reminder_whose_reason_is_gone_is_superseded(
    sqlite_host: Host, meanwhile: Callable[[Host, Subscription], None], reason: str
) -> None:
    trial = sqlite_host.trial()
    sqlite_host.check(A_WEEK_BEFORE, deliver=False)
    sqlite_host.at(A_WEEK_BEFORE)
    meanwhile(sqlite_host, trial)
    sqlite_host.db.session.commit()

    report = sqlite_host.deliver(A_WEEK_BEFORE)

    assert sqlite_host.effects()[REMINDER] == "superseded"
    assert "trial_reminder" not in sqlite_host.kinds
    assert report.to_dict()["effects"]["superseded"]["trial_reminder"] == 1
    assert row(sqlite_host, REMINDER).last_error == reason


def test_a_reminder_that_waited_until_the_trial_was_over_is_superseded(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.check(A_WEEK_BEFORE, deliver=False)

    sqlite_host.deliver(NOON + days(14))

    assert (row(sqlite_host, REMINDER).state, row(sqlite_host, REMINDER).last_error) == (
        "superseded",
        "the trial has ended",
    )


def test_of_reminders_that_waited_together_only_the_most_urgent_goes(sqlite_host: Host) -> None:
    sqlite_host.trial()
    for day in (7, 11, 13):
        sqlite_host.check(NOON + days(day), deliver=False)

    sqlite_host.deliver(NOON + days(13))

    reminders = {key: state for key, state in sqlite_host.effects().items() if key.startswith("trial-reminder")}
    assert list(reminders.values()) == ["superseded", "superseded", "done"]


def test_a_welcome_that_waited_until_the_trial_was_over_is_superseded(sqlite_host: Host) -> None:
    sqlite_host.trial()

    sqlite_host.check(NOON + days(15))

    assert sqlite_host.kinds == ["trial_expired"]
    assert sqlite_host.effects()["trial-started:sub-1:2026-12-15"] == "superseded"


def test_a_welcome_that_waited_while_the_trial_was_extended_names_the_new_end(sqlite_host: Host) -> None:
    trial = sqlite_host.trial()
    sqlite_host.subs.extend_trial(trial, days=10)
    sqlite_host.db.session.commit()

    sqlite_host.deliver(NOON)

    assert "25 December 2026" in sqlite_host.subs.mailbox[0].text.replace("December 25, 2026", "25 December 2026")


def test_the_email_of_a_gone_account_is_superseded(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.known["1"] = None

    sqlite_host.deliver(NOON)

    assert row(sqlite_host).state == "superseded"
    assert row(sqlite_host).last_error == "the account is gone"


def test_a_contact_without_email_is_reported_and_not_tried_again(sqlite_host: Host) -> None:
    sqlite_host.trial()
    sqlite_host.known["1"] = Contact("")

    report = sqlite_host.deliver(NOON)
    sqlite_host.known["1"] = Contact("late@customer.example")
    again = sqlite_host.deliver(NOON + days(3))

    assert report.to_dict()["effects"]["no_recipient"] == {"trial_started": 1}
    assert (row(sqlite_host).state, sqlite_host.kinds) == ("no_recipient", [])
    assert again.examined == 0


@pytest.mark.parametrize(
    "address", ["nobody", "a@b.example, c@d.example", "a@b.example\r\nBcc: x@y.example", "@", "a b@c"]
)
def test_an_address_that_is_not_one_mailbox_is_dead_at_its_first_attempt(sqlite_host: Host, address: str) -> None:
    sqlite_host.trial("1")
    sqlite_host.trial("2")
    sqlite_host.known["1"] = Contact(address)

    report = sqlite_host.deliver(NOON)

    assert (row(sqlite_host).state, row(sqlite_host).attempts) == ("dead", 1)
    assert report.outcome.exit_code == 1
    assert [email.recipient for email in sqlite_host.subs.mailbox] == ["owner-2@customer.example"]
    assert address == "@" or address not in str(report.to_dict())


@pytest.mark.parametrize(
    "contact",
    [
        Contact("a@b.example", locale="tlh_KX"),
        Contact("a@b.example", locale=""),
        Contact("a@b.example", locale="../../etc"),
        Contact("a@b.example", timezone="Mars/Olympus_Mons"),
        Contact("a@b.example", timezone=""),
        Contact("a@b.example", timezone="/etc/passwd"),
        Contact("a@b.example", name=None, locale=None, timezone=None),  # type: ignore[arg-type]  # hosts do this
    ],
    ids=repr,
)
def test_an_unknown_language_or_zone_does_not_stop_an_email(sqlite_host: Host, contact: Contact) -> None:
    sqlite_host.known["1"] = contact
    sqlite_host.trial()

    for day in (0, 7, 14):
        sqlite_host.check(NOON + days(day))

    assert sqlite_host.kinds == ["trial_started", "trial_reminder", "trial_expired"]


@pytest.mark.parametrize("email", [12, None, ["a@b.example"], object()], ids=["number", "none", "list", "object"])
def test_a_contact_that_no_email_can_be_sent_to_spoils_nobody_elses(sqlite_host: Host, email: Any) -> None:
    sqlite_host.trial("1")
    sqlite_host.trial("2")
    sqlite_host.known["1"] = Contact(email)

    sqlite_host.deliver(NOON)

    assert [sent.recipient for sent in sqlite_host.subs.mailbox] == ["owner-2@customer.example"]
    assert row(sqlite_host).state in ("dead", "no_recipient")


def test_an_effect_whose_subscription_was_deleted_is_superseded(sqlite_host: Host) -> None:
    sqlite_host.trial("1")
    sqlite_host.trial("2")
    sqlite_host.db.session.query(Subscription).filter_by(account_id="1").delete()
    sqlite_host.db.session.commit()

    sqlite_host.deliver(NOON)

    assert list(sqlite_host.effects().values()) == ["superseded", "done"]


def test_kinds_that_are_switched_off_are_never_queued(make_on_sqlite: Callable[..., Host]) -> None:
    host = make_on_sqlite(SUBS_EMAILS_OFF=("trial_reminder", "trial_started"))
    host.trial()

    for day in range(16):
        host.check(NOON + days(day))

    assert list(host.effects()) == ["trial-expired:sub-1:2026-12-15", "suspend-workspaces:sub-1:2"]


def test_no_email_leaves_before_the_change_is_committed(sqlite_host: Host) -> None:
    sqlite_host.at(NOON)
    sqlite_host.subs.start_trial("1", "pro")

    assert sqlite_host.subs.mailbox == []
    sqlite_host.db.session.rollback()
    sqlite_host.deliver(NOON + timedelta(minutes=1))

    assert sqlite_host.subs.mailbox == []


def test_many_emails_all_go_in_one_run(sqlite_host: Host) -> None:
    sqlite_host.at(NOON)
    for number in range(230):
        sqlite_host.subs.start_trial(str(number), "pro")
    sqlite_host.db.session.commit()

    report = sqlite_host.deliver(NOON)

    assert len({email.recipient for email in sqlite_host.subs.mailbox}) == len(sqlite_host.subs.mailbox) == 230
    assert report.examined == 230


def test_a_limit_is_the_number_of_effects_that_a_delivery_touches(sqlite_host: Host) -> None:
    for number in range(7):
        sqlite_host.trial(str(number))

    report = sqlite_host.deliver(NOON, limit=3)

    assert (report.examined, len(sqlite_host.subs.mailbox)) == (3, 3)


def row(host: Host, key: str = "trial-started:sub-1:2026-12-15") -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).populate_existing().filter_by(effect_key=key).one()


def test_emails_that_were_claimed_and_not_tried_are_not_taken_for_repeats(sqlite_host: Host) -> None:
    for number in range(3):
        sqlite_host.trial(str(number))
    down = sqlite_host.script(UNREACHABLE)
    sqlite_host.deliver(NOON)
    up = sqlite_host.script(accepted_before={})

    sqlite_host.deliver(NOON + timedelta(seconds=1))

    assert len(down.handed_over) == 1
    assert up.asked == []
    assert len(up.handed_over) == 3
