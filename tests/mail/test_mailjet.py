from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.errors import EffectError
from flask_subscription_ops.mail.base import Email, Verdict
from flask_subscription_ops.mail.mailjet.transport import MailjetTransport

from .fake_mailjet import FakeMailjet, credentials

Make = Callable[..., MailjetTransport]


@pytest.fixture
def make(app: Flask, make_settings: Callable[..., Any], mailjet_server: FakeMailjet) -> Make:
    def make(**changes: Any) -> MailjetTransport:
        return MailjetTransport(app, make_settings(**{"mailjet_api_base": mailjet_server.base, **changes}))

    return make


def test_fifty_emails_travel_in_one_call(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    list(make().send(make_email(number) for number in range(101)))

    assert [len(payload["Messages"]) for _, payload in mailjet_server.calls] == [50, 50, 1]
    assert {path for path, _ in mailjet_server.calls} == {"/v3.1/send"}
    assert credentials(mailjet_server.headers[0]) == "key:secret"


def test_a_message_carries_its_effect_key_and_all_that_was_rendered(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    email = make_email(1)

    list(make().send([email]))

    message = mailjet_server.accepted[email.key]
    assert message["From"] == {"Email": "billing@acme.test", "Name": "Acme"}
    assert message["To"] == [{"Email": "user1@example.com", "Name": "User 1"}]
    assert (message["Subject"], message["TextPart"], message["HTMLPart"]) == (email.subject, email.text, email.html)
    assert message["Headers"] == {"X-Subs-Effect": email.key, "Auto-Submitted": "auto-generated"}
    assert (message["CustomCampaign"], message["DeduplicateCampaign"]) == (email.key.replace(":", "_"), True)


def test_two_calls_with_the_same_text_have_different_idempotency_keys(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    for number in (1, 2):
        list(make().send([make_email(number, recipient="one@example.com", recipient_name="")]))

    keys = {headers["Idempotency-Key"] for headers in mailjet_server.headers}
    assert len(keys) == 2


def test_a_refused_message_does_not_touch_the_others(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.errors = {"user2@example.com": {"ErrorCode": "mj-0013", "StatusCode": 400}}

    outcomes = list(make().send(make_email(number) for number in (1, 2, 3)))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.ACCEPTED]
    assert outcomes[1].detail == "Mailjet refused it: mj-0013"


def test_a_call_of_refused_messages_only_is_read_message_by_message(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.errors = {"user1@example.com": {"ErrorCode": "mj-0013", "StatusCode": 400}}

    [outcome] = make().send([make_email(1)])

    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, "Mailjet refused it: mj-0013")


def test_a_sender_that_is_not_validated_defers(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.errors = {"user1@example.com": {"ErrorCode": "send-0008", "StatusCode": 403}}

    [outcome] = make().send([make_email(1)])

    assert outcome.verdict is Verdict.DEFERRED


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 502, 503])
def test_a_call_mailjet_did_not_take_defers_them_all_and_is_not_repeated(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], status: int
) -> None:
    mailjet_server.statuses = [status]

    outcomes = list(make().send(make_email(number) for number in range(60)))

    assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes} == {(Verdict.DEFERRED, True)}
    assert len(mailjet_server.calls) == 1


def test_a_call_refused_as_a_whole_condemns_only_an_email_that_was_alone(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.statuses = [400, 400]

    [alone] = make().send([make_email(1)])
    together = list(make().send([make_email(1), make_email(2)]))

    assert alone.verdict is Verdict.REFUSED
    assert {outcome.verdict for outcome in together} == {Verdict.DEFERRED}
    assert "example.com" not in alone.detail


@pytest.mark.parametrize("way", ["hang", "close"])
def test_an_answer_lost_after_acceptance_is_unknown_and_the_lookup_finds_the_emails(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], way: str
) -> None:
    mailjet_server.lose_answers = way
    emails = [make_email(1), make_email(2)]
    transport = make(mail_timeout=0.4)

    outcomes = list(transport.send(emails))
    mailjet_server.lose_answers = ""
    answers = transport.find_accepted([*(email.key for email in emails), "other:sub-9:2026-12-01"])

    assert {outcome.verdict for outcome in outcomes} == {Verdict.UNKNOWN}
    assert len(mailjet_server.calls) == 1 + 3
    assert answers == {emails[0].key: True, emails[1].key: True, "other:sub-9:2026-12-01": False}


def test_after_a_lost_answer_the_next_calls_are_left_for_later(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.lose_answers = "close"

    outcomes = list(make().send(make_email(number) for number in range(60)))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNKNOWN] * 50 + [Verdict.DEFERRED] * 10
    assert len(mailjet_server.calls) == 1


def test_a_gateway_that_gave_up_leaves_the_outcome_unknown(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.statuses = [504]

    [outcome] = make().send([make_email(1)])

    assert outcome.verdict is Verdict.UNKNOWN


def test_an_answer_that_comes_a_byte_at_a_time_is_cut_off_at_the_deadline(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.trickles = True
    began = time.monotonic()

    [outcome] = make(mail_timeout=0.4).send([make_email(1)])

    assert outcome.verdict is Verdict.UNKNOWN
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer",
    [b"not json", {}, [], {"Messages": None}, {"Messages": []}, {"Messages": [7]}, {"Messages": [{"Status": "?"}]}],
    ids=str,
)
def test_an_answer_that_cannot_be_understood_is_unknown(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], answer: Any
) -> None:
    mailjet_server.answer = answer

    [outcome] = make().send([make_email(1)])

    assert outcome.verdict is Verdict.UNKNOWN


def test_answers_in_another_order_are_not_booked_on_the_wrong_email(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    emails = [make_email(1), make_email(2)]
    mailjet_server.answer = {"Messages": [{"Status": "success", "CustomID": email.key} for email in reversed(emails)]}

    assert {outcome.verdict for outcome in make().send(emails)} == {Verdict.UNKNOWN}


def test_nothing_is_logged_about_people_when_a_call_times_out(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], caplog: pytest.LogCaptureFixture
) -> None:
    mailjet_server.lose_answers = "hang"

    with caplog.at_level(logging.DEBUG):
        list(make(mail_timeout=0.4).send([make_email(1)]))

    assert "user1" not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_lookup_that_fails_leaves_its_keys_out(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.statuses = [500]

    assert make().find_accepted(["a", "b"]) == {}


@pytest.mark.parametrize("answer", [b"<html>", {}, {"Data": None}], ids=str)
def test_a_lookup_that_cannot_be_understood_is_not_a_no(make: Make, mailjet_server: FakeMailjet, answer: Any) -> None:
    mailjet_server.answer = answer

    assert make().find_accepted(["a"]) == {}


def test_a_lookup_that_hangs_ends_at_the_deadline_of_all_its_keys(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.lose_answers = "hang"
    began = time.monotonic()

    assert make(mail_timeout=0.4).find_accepted([str(number) for number in range(20)]) == {}
    assert time.monotonic() - began < 3


def test_a_wrong_key_fails_the_check(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.statuses = [401]

    with pytest.raises(EffectError, match="401"):
        make().check()


def test_the_library_repeats_nothing_by_itself(make: Make) -> None:
    # Its retries sit on https alone, which no loopback server can show.
    with make(mailjet_api_base=None)._open("v3.1") as client:
        retries = client.session.get_adapter("https://api.mailjet.com/").max_retries

    assert (retries.total, retries.redirect) == (0, 0)
