"""What an outage puts off, instead of leaving it its place: each run that tries it says so, and it costs no try."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from flask_subscription_ops.errors import TemporaryFailure
from flask_subscription_ops.mail.base import Verdict
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days
from ..mail.fake_mailjet import FakeMailjet
from .outsides import OUTSIDE

ASKED = "the mail server cannot be asked about earlier tries"
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_tried_alone_waits_for_the_end_of_an_outage(
    make_on_sqlite: Callable[..., Host], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    off = ("subscribed",) if name == "provisioner" else ()
    host, outside = make_on_sqlite(SUBS_EMAILS_OFF=off, SUBS_MAX_ATTEMPTS=2), OUTSIDE[name]
    outside.queue(host, "1", NOON)
    host.db.session.query(OutboxMessage).update({"alone": True})
    host.db.session.commit()
    outside.away(host)

    at = _be_away(host, caplog, outside.line, until=NOON + timedelta(hours=2))
    accepted = outside.back(host)
    host.deliver(at)

    assert accepted() == [_only(host).effect_key]
    assert (_only(host).state, _only(host).attempts) == ("done", 1)


def test_what_may_have_been_accepted_waits_until_it_can_be_asked_about(
    make_on_sqlite: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = make_on_sqlite(SUBS_MAX_ATTEMPTS=2)
    OUTSIDE["mail server"].queue(host, "1", NOON)
    transport = host.script(Verdict.UNKNOWN)

    def away(keys: object) -> None:
        raise TemporaryFailure("nobody answers")

    transport.find_accepted = away  # type: ignore[method-assign, assignment]
    host.deliver(NOON)
    at = _be_away(host, caplog, ASKED, until=NOON + timedelta(hours=2))
    back = host.script(accepted_before={_only(host).effect_key: True})
    host.deliver(at)

    assert (len(transport.handed_over), back.handed_over) == (1, [])
    assert (_only(host).state, _only(host).attempts) == ("done", 2)


@pytest.mark.parametrize(("fresh", "line"), [(0, ASKED), (2, "the mail server cannot be reached")])
def test_a_mailjet_that_left_between_taking_and_answering_is_named_in_one_line(
    make_on_sqlite: Callable[..., Host], caplog: pytest.LogCaptureFixture, fresh: int, line: str
) -> None:
    queue = OUTSIDE["mail server"].queue
    with FakeMailjet() as server:
        keys = {"SUBS_MAILJET_API_KEY": "0123456789abcdef", "SUBS_MAILJET_API_SECRET": "fedcba9876543210"}
        host = make_on_sqlite(SUBS_MAIL="mailjet", SUBS_MAILJET_API_BASE=server.base, SUBS_MAX_ATTEMPTS=3, **keys)
        queue(host, "old", NOON)
        server.lose_answers = "close"
        host.deliver(NOON)
        server.lose_answers, server.statuses = "", [401] * 1000
        for number in range(fresh):
            queue(host, str(number), NOON)
        for day in range(1, 31):
            caplog.clear()
            report = host.deliver(NOON + days(day))
            assert (report.outcome.exit_code, report.failures, report.deferred) == (0, [], 1 + fresh)
            [record] = caplog.records
            assert record.getMessage().startswith(f"{line}: {report.deferred} emails wait (")
            assert "401" in record.getMessage()
        server.statuses = []
        host.deliver(NOON + days(30) + timedelta(hours=1))

    assert set(host.effects().values()) == {"done"}
    assert [len(call["Messages"]) for path, call in server.calls if path == "/v3.1/send"][-1] == max(fresh, 1)
    assert sorted(server.accepted) == sorted(host.effects())


def _be_away(host: Host, caplog: pytest.LogCaptureFixture, line: str, *, until: datetime) -> datetime:
    """Run at each instant at which the only effect is due, and a second before; return when it is due next."""
    caplog.set_level(logging.WARNING)
    attempts = _only(host).attempts
    while (due := _due(host)) < until:
        caplog.clear()
        early = host.deliver(due - SECOND)
        assert (early.deferred, caplog.records, _due(host)) == (0, [], due)
        report = host.deliver(due)
        assert (report.outcome.exit_code, report.failures, report.deferred) == (0, [], 1)
        [record] = caplog.records
        assert record.getMessage().startswith(f"{line}: 1 ")
        assert (_only(host).state, _only(host).attempts) == ("pending", attempts)
        assert timedelta(minutes=5) <= _due(host) - due <= timedelta(minutes=6)
    return due


def _due(host: Host) -> datetime:
    return _only(host).due_at.astimezone(timezone.utc)


def _only(host: Host) -> OutboxMessage:
    host.db.session.rollback()
    return host.db.session.query(OutboxMessage).one()
