"""Whatever text comes through a door of the package, it is refused before anything is written, or kept whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import String, func, select
from sqlalchemy.exc import IntegrityError

from flask_subscription_ops import Contact
from flask_subscription_ops.errors import ConfigurationError, PermanentFailure, SubscriptionOpsError, UnknownOutcome
from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription
from flask_subscription_ops.models.types import Key
from flask_subscription_ops.settings import read_settings
from flask_subscription_ops.testing import Reply, Verdict

from ..cli.test_usage import run
from ..hosts import NOON, PLANS, Host, days
from ..outside.test_text import POISON, Mute, MuteText

END = NOON + days(14)
FEW = settings(
    max_examples=10,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=60) | st.sampled_from(
    [t for t in POISON if len(t) < 10**6]
)
OTHERS: Mapping[str, Callable[[], Any]] = {
    "mute": Mute,  # by name: nothing may ask it for its text, a test's report neither
    "mute text": lambda: MuteText("x"),
    "nothing": lambda: None,
    "number": lambda: 7,
    "endless number": lambda: 10**5000,
    "bytes": lambda: b"\xff",
    "list": lambda: ["x"],
    "mapping": lambda: {"x": 1},
}


def any_thing(test: Callable[[Any], None]) -> Callable[[], None]:
    """Run a test with any text, and with things that are none."""

    def check(text: str, other: str | None) -> None:
        test(text if other is None else OTHERS[other]())

    for text in POISON[:6]:
        check = example(text, None)(check)
    for other in OTHERS:
        check = example("", other)(check)
    return FEW(given(TEXTS, st.none() | st.sampled_from(list(OTHERS)))(check))  # type: ignore[no-any-return]


def rows(host: Host) -> list[int]:
    host.db.session.rollback()
    tables = (Subscription, OutboxMessage, AuditEntry)
    return [host.db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def everything_still_works(host: Host) -> None:
    """Run every job and every command that reads, and count their lines."""
    host.db.session.rollback()
    for words in (["deliver"], ["trial-check"]):
        assert run(host, *words, "--as-of", END.isoformat(), "--json").exit_code in (0, 1)
    waiting = run(host, "outbox", "list").stdout.splitlines()
    assert len(waiting) == len(run(host, "outbox", "list", "--json").stdout.splitlines())
    assert len(run(host, "audit").stdout.splitlines()) == rows(host)[2]
    assert run(host, "audit", "--verify").exit_code == 0
    assert json.loads(run(host, "status", "--json").stdout)["deployment"] == host.subs.settings.deployment
    for account_id in host.db.session.scalars(select(Subscription.account_id).distinct()).all():
        story = run(host, "show", "--json", "--", account_id)
        assert json.loads(story.stdout)["account"] == account_id


@pytest.fixture
def host(make: Callable[..., Host]) -> Host:
    """A host whose brake lets many trials end at once."""
    return make(SUBS_BRAKE_MIN=10_000)


ARGUMENTS = ("account_id", "plan", "product", "payment_method")


@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("service", ["start_trial", "subscribe"])
def test_an_argument_is_refused_before_anything_is_written_or_kept_whole(
    host: Host, service: str, argument: str
) -> None:
    numbers = count()
    host.at(NOON)

    @any_thing
    def check(value: Any) -> None:
        before = rows(host)
        given = {"account_id": f"a{next(numbers)}", "plan": "pro", "product": "default", argument: value}
        try:
            subscription = getattr(host.subs, service)(**given)
        except SubscriptionOpsError:
            host.db.session.commit()
            assert rows(host) == before
            return
        host.db.session.commit()
        kept = getattr(host.reload(subscription), argument)
        assert kept == value
        assert host.subs.get(subscription.account_id, subscription.product) is subscription

    check()
    everything_still_works(host)


def test_the_method_of_a_converted_trial_is_refused_or_kept_whole(host: Host) -> None:
    numbers = count()

    @any_thing
    def check(value: Any) -> None:
        trial = host.trial(f"a{next(numbers)}")
        before = rows(host)
        try:
            host.subs.subscribe(trial.account_id, "pro", payment_method=value)
        except SubscriptionOpsError:
            host.db.session.commit()
            assert rows(host) == before
            assert (host.reload(trial).status, trial.payment_method) == ("trialing", None)
            return
        host.db.session.commit()
        assert host.reload(trial).payment_method == (value or None)

    check()
    everything_still_works(host)


@pytest.mark.parametrize("at_period_end", [True, False])
def test_a_reason_is_refused_before_anything_is_written_or_kept_whole(host: Host, at_period_end: bool) -> None:
    numbers = count()

    @any_thing
    def check(reason: Any) -> None:
        trial = host.trial(f"a{next(numbers)}")
        before = rows(host)
        try:
            host.subs.cancel(trial, at_period_end=at_period_end, reason=reason)
        except SubscriptionOpsError:
            host.db.session.commit()
            assert rows(host) == before
            assert (host.reload(trial).status, trial.version, trial.cancel_at_period_end) == ("trialing", 1, False)
            return
        host.db.session.commit()
        [entry] = host.db.session.query(AuditEntry).filter_by(subscription_id=trial.id, version=2)
        assert entry.details.get("reason", "") == reason

    check()
    everything_still_works(host)


WE_WRITE = {"audit_hash"}  # no door: the package alone writes it
TEXTS_OF_A_ROW = [column.key for column in Subscription.__table__.c if isinstance(column.type, (String, Key))]
TEXT_COLUMNS = [key for key in TEXTS_OF_A_ROW if key not in WE_WRITE]


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_a_row_that_moves_in_is_refused_or_kept_whole(host: Host, column: str) -> None:
    numbers = count()
    host.at(NOON)

    @any_thing
    def check(value: Any) -> None:
        before = rows(host)
        given = {"account_id": f"a{next(numbers)}", "plan": "pro", "trial_ends_at": END, "status": "trialing"}
        try:
            subscription = Subscription(**given | {column: value})
            host.db.session.add(subscription)
            host.db.session.commit()
        except (SubscriptionOpsError, IntegrityError):  # the latter for an account that is there already
            assert rows(host) == before
            return
        assert getattr(host.reload(subscription), column) == (value or getattr(subscription, column))

    check()
    everything_still_works(host)


def no_number(value: Any) -> Any:
    return "7" if value in (None, 7) else value


LOOKUPS: Mapping[str, Callable[[Host, Any], object]] = {
    "get": lambda host, text: host.subs.get(text),
    "get product": lambda host, text: host.subs.get("1", text),
    "has_access": lambda host, text: host.subs.has_access(text),
    "cancel": lambda host, text: host.subs.cancel(text),
    "extend_trial": lambda host, text: host.subs.extend_trial(host.subs.get("1"), days=no_number(text)),  # type: ignore[arg-type]
    "start_trial days": lambda host, text: host.subs.start_trial("2", "pro", days=no_number(text)),
    "run_job": lambda host, text: host.subs.run_job(text if isinstance(text, str) else ""),
}


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_question_about_any_text_is_answered_or_refused_as_our_own_error(host: Host, lookup: str) -> None:
    host.trial("1")

    @any_thing
    def check(value: Any) -> None:
        before = rows(host)
        with suppress(SubscriptionOpsError):
            LOOKUPS[lookup](host, value)
        host.db.session.commit()
        assert rows(host) == before

    check()


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


def test_a_deployment_name_is_refused_at_start_or_kept_whole(host: Host) -> None:
    @any_thing
    def check(name: Any) -> None:
        try:
            accepted = read_settings({"SUBS_PLANS": PLANS, "SUBS_DEPLOYMENT": name}).deployment
        except ConfigurationError:
            return
        assert accepted == name.strip()
        host.subs.runtime.settings = replace(host.subs.settings, deployment=accepted)
        run(host, "deployment", "adopt")
        assert json.loads(run(host, "deployment", "show", "--json").stdout)["stored"] == accepted
        assert len(run(host, "deployment", "show").stdout.splitlines()) == 1

    check()
    run(host, "deployment", "adopt")
    everything_still_works(host)


COMMANDS: Sequence[tuple[str, ...]] = (
    ("show",),
    ("audit", "--account"),
    ("outbox", "retry"),
    ("outbox", "drop"),
    ("deliver", "--confirm"),
    ("deliver", "--as-of"),
    ("mail", "preview"),
    ("mail", "preview", "trial_reminder", "--locale"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_whatever_an_operator_writes_there_is_an_answer_or_one_error(host: Host, words: tuple[str, ...]) -> None:
    host.trial()

    @any_thing
    def check(text: Any) -> None:
        if type(text) is not str or text.startswith("-"):
            return
        result = run(host, *words, text)
        assert result.exit_code in (0, 1, 2)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
        assert len(errors) == (0 if result.exit_code == 0 else 1)

    check()
    everything_still_works(host)
