"""What every transport keeps, whatever carries its emails; a new one joins by a line in `STAGES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.errors import EffectError
from flask_subscription_ops.mail.base import Email, Transport, Verdict
from flask_subscription_ops.mail.registry import ADAPTERS, open_transport
from flask_subscription_ops.testing import UNREACHABLE, ScriptedTransport

from .fake_mailjet import FakeMailjet
from .fake_smtp import FakeSmtp

STAGES = [*ADAPTERS, "scripted", "smtp suppressed", "failover", "failover with its first transport down"]
CLOSED_PORT = 1


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def transport(stage: str, smtp_app: Flask, make_settings: Callable[..., Any], mailjet_server: FakeMailjet) -> Transport:
    if stage == "scripted":
        return ScriptedTransport()
    if stage == "smtp suppressed":
        smtp_app.extensions["mail"].suppress = True
    if stage == "failover with its first transport down":
        smtp_app.extensions["mail"].port = CLOSED_PORT
    mail = ("smtp", "mailjet") if stage.startswith("failover") else (stage.removesuffix(" suppressed"),)
    return open_transport(smtp_app, make_settings(mail=mail, mailjet_api_base=mailjet_server.base))


@pytest.fixture
def broken(stage: str, app: Flask, make_settings: Callable[..., Any], tmp_path: Any) -> Transport:
    """The same transport with nobody at the other end."""
    if stage == "scripted":
        return ScriptedTransport(usually=UNREACHABLE)
    (tmp_path / "file").touch()
    app.extensions["mail"].port = CLOSED_PORT
    mail = ("smtp", "mailjet") if stage.startswith("failover") else (stage.removesuffix(" suppressed"),)
    base = f"http://127.0.0.1:{CLOSED_PORT}/"
    return open_transport(app, make_settings(mail=mail, mail_dir=str(tmp_path / "file"), mailjet_api_base=base))


def test_every_email_gets_one_outcome(transport: Transport, make_email: Callable[..., Email]) -> None:
    emails = [make_email(number) for number in range(120)]

    outcomes = list(transport.send(iter(emails)))

    assert sorted(outcome.email.key for outcome in outcomes) == sorted(email.key for email in emails)
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}


def test_emails_go_in_the_order_given(transport: Transport, make_email: Callable[..., Email]) -> None:
    emails = [make_email(number) for number in range(7)]

    assert [outcome.email for outcome in transport.send(emails)] == emails


def test_no_more_than_one_calls_worth_is_pulled_before_its_outcomes_are_given(
    transport: Transport, make_email: Callable[..., Email]
) -> None:
    pulled: list[Email] = []
    settled = 0

    def source() -> Iterator[Email]:
        for number in range(120):
            assert len(pulled) - settled < transport.batch_size
            pulled.append(make_email(number))
            yield pulled[-1]

    for _ in transport.send(source()):
        settled += 1
        assert len(pulled) - settled < transport.batch_size

    assert settled == 120


def test_nothing_is_sent_before_the_first_outcome_is_asked_for(
    transport: Transport, make_email: Callable[..., Email]
) -> None:
    pulled = []

    transport.send(pulled.append(number) or make_email(number) for number in range(3))

    assert pulled == []


def test_no_emails_are_no_outcomes(transport: Transport) -> None:
    assert list(transport.send([])) == []


def test_a_caller_may_stop_in_the_middle(
    transport: Transport, make_email: Callable[..., Email], smtp_server: FakeSmtp
) -> None:
    outcomes = transport.send(make_email(number) for number in range(3))
    next(iter(outcomes))

    outcomes.close()  # type: ignore[attr-defined]

    assert len(smtp_server.accepted) <= 1


def test_a_transport_can_be_used_again(transport: Transport, make_email: Callable[..., Email]) -> None:
    first = list(transport.send([make_email(1)]))
    second = list(transport.send([make_email(2)]))

    assert [outcome.verdict for outcome in first + second] == [Verdict.ACCEPTED] * 2


def test_a_fault_outside_is_an_outcome_not_an_exception(
    broken: Transport, stage: str, make_email: Callable[..., Email]
) -> None:
    if stage == "memory":
        pytest.skip("memory is always there")

    outcomes = list(broken.send(make_email(number) for number in range(3)))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.DEFERRED] * 3
    assert all(outcome.unreachable for outcome in outcomes)


def test_details_name_nobody(broken: Transport, make_email: Callable[..., Email]) -> None:
    assert not any("user" in outcome.detail for outcome in broken.send([make_email(1)]))


def test_a_check_tells_what_it_found_and_sends_nothing(
    transport: Transport, smtp_server: FakeSmtp, mailjet_server: FakeMailjet
) -> None:
    assert transport.check()
    assert not smtp_server.accepted
    assert not mailjet_server.accepted


def test_a_failed_check_says_so(broken: Transport, stage: str) -> None:
    if stage == "memory":
        pytest.skip("memory is always there")

    with pytest.raises(EffectError):
        broken.check()


def test_what_was_accepted_is_found_where_it_can_be_asked(
    transport: Transport, make_email: Callable[..., Email]
) -> None:
    emails = [make_email(1), make_email(2)]
    list(transport.send(emails[:1]))

    answers = transport.find_accepted([email.key for email in emails])

    if answers is not None:
        assert answers[emails[0].key] in (True, None)
        assert not answers[emails[1].key]


def test_names_are_those_of_the_settings(app: Flask, make_settings: Callable[..., Any]) -> None:
    for name in ADAPTERS:
        assert open_transport(app, make_settings(mail=(name,))).name == name
