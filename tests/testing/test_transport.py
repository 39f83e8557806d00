from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from flask_subscription_ops.errors import TemporaryFailure
from flask_subscription_ops.mail.base import Email
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.testing import UNREACHABLE, Answer, Reply, ScriptedTransport, Verdict, scripted_transport

from ..hosts import NOON, Host, days
from ..mail.conftest import make_email

__all__ = ["make_email"]  # the fixture

WELCOME = "trial-started:sub-1:2026-12-15"


def test_emails_are_answered_from_the_script_and_then_as_usually(make_email: Callable[..., Email]) -> None:
    transport = ScriptedTransport(Verdict.REFUSED, Reply(Verdict.DEFERRED, "the box is full"), usually=Verdict.UNKNOWN)
    emails = [make_email(number) for number in range(4)]

    outcomes = list(transport.send(emails))

    assert [(outcome.verdict, outcome.detail) for outcome in outcomes] == [
        (Verdict.REFUSED, "was refused"),
        (Verdict.DEFERRED, "the box is full"),
        (Verdict.UNKNOWN, "was unknown"),
        (Verdict.UNKNOWN, "was unknown"),
    ]
    assert transport.handed_over == emails


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), ValueError("a fault of the transport")], ids=repr)
def test_an_exception_of_the_script_is_raised_when_the_email_was_handed_over(
    make_email: Callable[..., Email], raised: BaseException
) -> None:
    transport = ScriptedTransport(raised)

    with pytest.raises(type(raised)) as caught:
        list(transport.send([make_email(1), make_email(2)]))

    assert caught.value is raised
    assert [email.key for email in transport.handed_over] == [make_email(1).key]


def test_a_check_finds_what_the_next_email_would_find() -> None:
    with pytest.raises(TemporaryFailure, match="the mail server is away"):
        ScriptedTransport(UNREACHABLE).check()
    with pytest.raises(TemporaryFailure):
        ScriptedTransport(usually=UNREACHABLE).check()
    assert ScriptedTransport(Verdict.REFUSED, usually=UNREACHABLE).check() == "scripted works"


@pytest.mark.parametrize(
    ("answer", "state", "attempts"),
    [
        (Verdict.ACCEPTED, "done", 1),
        (Verdict.REFUSED, "dead", 1),
        (Verdict.DEFERRED, "pending", 1),
        (Verdict.UNKNOWN, "pending", 1),
        (UNREACHABLE, "pending", 0),
    ],
    ids=str,
)
def test_an_app_sends_through_it_and_books_what_it_says(
    sqlite_host: Host, answer: Answer, state: str, attempts: int
) -> None:
    sqlite_host.trial()

    with scripted_transport(sqlite_host.app, answer) as transport:
        sqlite_host.deliver(NOON)

    row = sqlite_host.db.session.query(OutboxMessage).one()
    assert [email.key for email in transport.handed_over] == [WELCOME]
    assert (row.state, row.attempts) == (state, attempts)
    assert sqlite_host.subs.mailbox == []


@pytest.mark.parametrize(("accepted", "sent"), [(None, 2), ({WELCOME: True}, 1), ({WELCOME: False}, 2)])
def test_it_tells_of_earlier_tries_what_it_is_told(sqlite_host: Host, accepted: Any, sent: int) -> None:
    sqlite_host.trial()

    with scripted_transport(sqlite_host.app, Verdict.UNKNOWN, accepted_before=accepted) as transport:
        sqlite_host.deliver(NOON)
        sqlite_host.deliver(NOON + days(1))

    assert (transport.asked, len(transport.handed_over)) == ([WELCOME], sent)
    assert sqlite_host.effects() == {WELCOME: "done"}


def test_connections_share_the_script(sqlite_host: Host) -> None:
    for number in range(12):
        sqlite_host.trial(str(number))
    transport = ScriptedTransport(*[Verdict.REFUSED] * 5, connections=4)

    with sqlite_host.subs.runtime.using_transport(transport):
        sqlite_host.deliver(NOON)

    assert Counter(sqlite_host.effects().values()) == {"dead": 5, "done": 7}


@pytest.mark.parametrize("is_open", [True, False])
def test_the_app_gets_its_own_transport_back_even_from_a_test_that_failed(sqlite_host: Host, is_open: bool) -> None:
    runtime = sqlite_host.subs.runtime
    own = runtime.transport if is_open else None

    with pytest.raises(AssertionError), scripted_transport(sqlite_host.app):
        assert runtime.transport.name == "memory"

    assert runtime.transport.name == "memory"
    assert own is None or runtime.transport is own


def test_a_transport_within_another_gives_way_to_it_again(sqlite_host: Host) -> None:
    with scripted_transport(sqlite_host.app) as outer:
        with scripted_transport(sqlite_host.app):
            pass

        assert sqlite_host.subs.runtime.transport is outer
