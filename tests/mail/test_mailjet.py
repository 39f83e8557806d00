from __future__ import annotations

import json
import logging
import socket
import time
import tracemalloc
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.errors import EffectError, TemporaryFailure
from flask_subscription_ops.mail.base import Email, Verdict
from flask_subscription_ops.mail.mailjet.transport import MailjetTransport

from ..outside.addresses import closed_address, resolve_to, silent_address
from .fake_mailjet import FakeMailjet, credentials

US, NEVER, PERHAPS = (Verdict.DEFERRED, True), (Verdict.REFUSED, False), (Verdict.UNKNOWN, False)
Make = Callable[..., MailjetTransport]


@pytest.fixture
def make(app: Flask, make_settings: Callable[..., Any], mailjet_server: FakeMailjet) -> Make:
    def make(**changes: Any) -> MailjetTransport:
        return MailjetTransport(app, make_settings(**{"mailjet_api_base": mailjet_server.base, **changes}))

    return make


def test_fifty_emails_travel_in_one_call(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    outcomes = list(make().send(make_email(number) for number in range(101)))

    assert [number for number, outcome in enumerate(outcomes, 1) if not outcome.more_follow] == [50, 100, 101]
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


def test_where_answers_go_is_a_property_of_its_own_and_no_header(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    list(make().send([make_email(1, headers={"Reply-To": "help@acme.test", "Auto-Submitted": "auto-generated"})]))

    [message] = mailjet_server.accepted.values()
    assert message["ReplyTo"] == {"Email": "help@acme.test"}
    assert message["Headers"] == {"Auto-Submitted": "auto-generated"}


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


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_message_refused_because_of_us_waits_and_so_do_the_next_calls(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], status: int
) -> None:
    mailjet_server.errors = {"user1@example.com": {"ErrorCode": "send-0008", "StatusCode": status}}

    outcomes = list(make().send(make_email(number) for number in range(60)))

    assert [outcome.verdict for outcome in outcomes].count(Verdict.ACCEPTED) == 49
    assert (outcomes[1].verdict, outcomes[1].unreachable) == US
    assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes[50:]} == {US}
    assert len(mailjet_server.calls) == 1


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        *[([{"StatusCode": status}], NEVER) for status in (400, 404, 413, 422)],
        *[([{"StatusCode": status}], PERHAPS) for status in (200, 302, 499, 500, 503, "400", None, [400], {}, True)],
        ([{"StatusCode": 400}, {"StatusCode": 403}], US),
        ([{"StatusCode": 400}, {"StatusCode": 500}], PERHAPS),
        *[(errors, PERHAPS) for errors in ([], None, 7, {}, "no", [7, "no"], [{}])],
    ],
    ids=str,
)
def test_the_errors_of_a_message_are_judged_by_what_they_say(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], errors: Any, expected: Any
) -> None:
    mailjet_server.answer = {"Messages": [{"Status": "success"}, {"Status": "error", "Errors": errors}]}

    first, second = make().send([make_email(1), make_email(2)])

    assert first.verdict is Verdict.ACCEPTED
    assert (second.verdict, second.unreachable) == expected


NOT_DONE = {int(status) for status in HTTPStatus if 400 <= status < 500}


@pytest.mark.parametrize("status", sorted(NOT_DONE - {400, 413, 422}))
def test_a_call_that_mailjet_did_not_take_defers_them_all_and_is_not_repeated(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], status: int
) -> None:
    mailjet_server.statuses = [status]

    outcomes = list(make().send(make_email(number) for number in range(60)))

    assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes} == {US}
    assert len(mailjet_server.calls) == 1


@pytest.mark.parametrize(
    "status", [300, 301, 302, 303, 304, 307, 308, 430, 460, 499, 500, 501, 502, 503, 504, 520, 599]
)
def test_a_call_whose_answer_does_not_tell_is_unknown_and_the_next_ones_wait(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], status: int
) -> None:
    mailjet_server.statuses = [status]

    outcomes = list(make().send(make_email(number) for number in range(60)))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNKNOWN] * 50 + [Verdict.DEFERRED] * 10
    assert all(outcome.unreachable for outcome in outcomes)
    assert len(mailjet_server.calls) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_call_of_one_that_was_refused_refuses_its_email(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], status: int
) -> None:
    mailjet_server.statuses = [status]

    [outcome] = make().send([make_email(1)])

    assert (outcome.verdict, outcome.unreachable, outcome.detail) == (*NEVER, f"Mailjet answered {status}")


def test_a_bad_email_is_refused_alone_and_its_neighbours_are_accepted_in_the_same_run(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.poison = "user3@example.com"
    emails = [make_email(number) for number in range(1, 61)]

    outcomes = list(make().send(emails))

    assert [outcome.email for outcome in outcomes] == emails
    assert [outcome.verdict for outcome in outcomes].count(Verdict.ACCEPTED) == 59
    assert (outcomes[2].verdict, outcomes[2].unreachable) == NEVER
    assert [len(payload["Messages"]) for _, payload in mailjet_server.calls] == [50, *[1] * 50, 10]
    assert not any("example.com" in outcome.detail for outcome in outcomes)


def test_in_a_call_that_was_split_each_outcome_is_given_before_the_next_email_leaves(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.poison = "user9@example.com"

    outcomes = make().send(make_email(number) for number in (1, 9, 2))

    assert next(outcomes).verdict is Verdict.ACCEPTED
    assert len(mailjet_server.accepted) == 1
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REFUSED, Verdict.ACCEPTED]


def test_a_mailjet_that_fails_while_a_call_is_split_gets_no_more(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.statuses = [400, 503]

    outcomes = list(make().send(make_email(number) for number in (1, 2, 3)))

    assert [(outcome.verdict, outcome.unreachable) for outcome in outcomes] == [(Verdict.UNKNOWN, True), US, US]
    assert len(mailjet_server.calls) == 2


def test_a_call_and_its_parts_share_one_deadline(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.poison = "user0@example.com"
    mailjet_server.seconds_an_answer = 0.05
    began = time.monotonic()

    outcomes = list(make(mail_timeout=0.5).send(make_email(number) for number in range(50)))

    assert time.monotonic() - began < 1.5
    assert outcomes[0].verdict is Verdict.REFUSED
    assert (outcomes[-1].verdict, outcomes[-1].unreachable) == US


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


@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_answer_that_was_cut_short_is_unknown(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], status: int
) -> None:
    mailjet_server.cuts = True
    mailjet_server.statuses = [status]

    outcomes = list(make().send([make_email(1), make_email(2)]))

    assert {(outcome.verdict, outcome.unreachable) for outcome in outcomes} == {(Verdict.UNKNOWN, True)}
    assert len(mailjet_server.calls) == 1


def test_an_answer_without_an_end_is_cut_off_by_its_size_and_memory_stays_flat(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    mailjet_server.floods = True
    tracemalloc.start()
    began = time.monotonic()

    [outcome] = make(mail_timeout=30).send([make_email(1)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert outcome.verdict is Verdict.UNKNOWN
    assert time.monotonic() - began < 10
    assert peak < 20_000_000


def test_a_mailjet_that_was_never_reached_surely_has_nothing(make: Make, make_email: Callable[..., Email]) -> None:
    _, port = closed_address()

    with silent_address() as (_, silent):
        for unreached in (port, silent):
            transport = make(mail_timeout=0.4, mailjet_api_base=f"http://127.0.0.1:{unreached}/")
            assert [(outcome.verdict, outcome.unreachable) for outcome in transport.send([make_email(1)])] == [US]


def test_a_mailjet_whose_name_is_not_found_surely_has_nothing(
    make: Make, make_email: Callable[..., Email], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    [outcome] = make().send([make_email(1)])

    assert (outcome.verdict, outcome.unreachable) == US


def test_silent_addresses_leave_time_for_the_one_that_answers(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent_address() as silent:
        resolve_to(monkeypatch, silent, silent, mailjet_server.server_address)

        [outcome] = make(mail_timeout=2).send([make_email(1)])

    assert outcome.verdict is Verdict.ACCEPTED


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
    [
        *[b"", b"not json", b"\xff", b"[" * 500_000, b"1" * 5_000, {}, [], 7, None],
        *[{"Messages": messages} for messages in (None, {}, [], [7], [None], [[]], [{}], [{"Status": "?"}])],
        *[{"Messages": [{"Status": status}]} for status in (None, 1, ["success"], "Success", "queued")],
    ],
    ids=lambda answer: repr(answer)[:40],
)
def test_an_answer_that_cannot_be_understood_is_unknown(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], answer: Any
) -> None:
    mailjet_server.answer = json.dumps(answer).encode() if answer is None else answer

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


def test_a_lookup_that_fails_leaves_its_key_out_and_the_next_one_is_asked(
    make: Make, mailjet_server: FakeMailjet
) -> None:
    mailjet_server.statuses = [500]

    assert make().find_accepted(["a", "b"]) == {"b": False}


def test_a_lookup_of_many_is_given_up_when_several_have_failed(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.statuses = [500] * 20

    with pytest.raises(EffectError, match="500"):
        make().find_accepted([str(number) for number in range(20)])
    assert len(mailjet_server.calls) < 10


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_lookup_that_is_not_ours_to_make_is_tried_once_and_says_why(
    make: Make, mailjet_server: FakeMailjet, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    mailjet_server.statuses = [status] * 3

    with caplog.at_level(logging.DEBUG), pytest.raises(TemporaryFailure) as raised:
        make().find_accepted(["trial-reminder:sub-1", "b", "c"])

    assert str(status) in str(raised.value)
    assert "secret" not in caplog.text + str(raised.value)
    assert len(mailjet_server.calls) == 1


def test_a_key_that_hangs_leaves_time_for_the_others(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.hangs_for = {"a"}

    assert make(mail_timeout=2).find_accepted(["a", "b", "c"]) == {"b": False, "c": False}


@pytest.mark.parametrize("answer", [b"<html>", {}, {"Data": None}], ids=str)
def test_a_lookup_that_cannot_be_understood_is_not_a_no(make: Make, mailjet_server: FakeMailjet, answer: Any) -> None:
    mailjet_server.answer = answer

    with pytest.raises(EffectError, match="cannot be asked"):
        make().find_accepted(["a"])


def test_a_lookup_that_hangs_ends_at_the_deadline_of_all_its_keys(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.lose_answers = "hang"
    began = time.monotonic()

    with pytest.raises(EffectError, match="cannot be asked"):
        make(mail_timeout=0.4).find_accepted([str(number) for number in range(20)])
    assert time.monotonic() - began < 3


def test_a_wrong_key_fails_the_check(make: Make, mailjet_server: FakeMailjet) -> None:
    mailjet_server.statuses = [401]

    with pytest.raises(EffectError, match="401"):
        make().check()


def test_nothing_is_repeated_by_a_library(make: Make) -> None:
    # Retries may sit on https alone, which no loopback server can show.
    with make(mailjet_api_base=None)._lent() as client:
        retries = client.session.get_adapter("https://api.mailjet.com/").max_retries

    assert (retries.total, retries.read) == (0, False)


def test_one_connection_carries_the_calls_of_one_claim_after_the_other(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    transport = make()

    for number in range(3):
        list(transport.send([make_email(number)]))
        transport.find_accepted([make_email(number).key])

    assert (len(mailjet_server.calls), mailjet_server.connections) == (6, 1)


def test_each_of_two_sends_at_once_has_its_own_connection(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    transport = make()
    first, second = [transport.send(make_email(n) for n in range(number, number + 60)) for number in (0, 100)]

    next(first), next(second)
    list(first), list(second)

    assert (len(mailjet_server.calls), mailjet_server.connections) == (4, 2)


@pytest.mark.parametrize("seconds", [0, 31])
def test_a_connection_that_was_cut_off_or_silent_for_long_is_not_used_again(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email], seconds: int
) -> None:
    transport = make(mail_timeout=0.4)
    mailjet_server.lose_answers = "" if seconds else "hang"

    list(transport.send([make_email(1)]))
    for client in transport._kept:
        client.used_at -= seconds
    mailjet_server.lose_answers = ""
    [outcome] = transport.send([make_email(2)])

    assert outcome.verdict is Verdict.ACCEPTED
    assert mailjet_server.connections == 2


def test_what_was_kept_is_closed_when_the_transport_is_gone(
    make: Make, mailjet_server: FakeMailjet, make_email: Callable[..., Email]
) -> None:
    transport = make()
    list(transport.send([make_email(1)]))
    [client] = transport._kept
    pools = client.session.get_adapter(mailjet_server.base).poolmanager.pools
    assert len(pools) == 1

    del transport

    assert len(pools) == 0
