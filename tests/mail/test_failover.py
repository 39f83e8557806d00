from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest

from flask_subscription_ops.errors import TemporaryFailure
from flask_subscription_ops.mail.base import Email, Outcome, Verdict
from flask_subscription_ops.mail.failover import FailoverTransport
from flask_subscription_ops.testing import UNREACHABLE, Answer, Reply, ScriptedTransport


class Leg(ScriptedTransport):
    """A transport that names itself in what it accepts, and counts how often it was opened and closed."""

    def __init__(self, name: str, *script: Answer) -> None:
        super().__init__(*script, usually=Reply(Verdict.ACCEPTED, name), name=name, connections=2)
        self.opened = self.closed = 0

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        self.opened += 1
        try:
            yield from super().send(emails)
        finally:
            self.closed += 1


def test_a_deferred_email_goes_to_the_next_transport(make_email: Callable[..., Email]) -> None:
    first, second = Leg("first", Verdict.DEFERRED), Leg("second")

    outcomes = list(FailoverTransport([first, second]).send([make_email(1), make_email(2)]))

    assert [(outcome.verdict, outcome.detail) for outcome in outcomes] == [
        (Verdict.ACCEPTED, "second"),
        (Verdict.ACCEPTED, "first"),
    ]


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.REFUSED, Verdict.ACCEPTED])
def test_only_a_deferred_email_moves_on(make_email: Callable[..., Email], verdict: Verdict) -> None:
    first, second = Leg("first", verdict), Leg("second")

    [outcome] = FailoverTransport([first, second]).send([make_email(1)])

    assert outcome.verdict is verdict
    assert second.handed_over == []


def test_a_transport_that_cannot_be_used_is_tried_once_in_a_send(make_email: Callable[..., Email]) -> None:
    first, second = Leg("first", UNREACHABLE), Leg("second")
    transport = FailoverTransport([first, second])

    list(transport.send(make_email(number) for number in range(1000)))
    assert len(first.handed_over) == 1

    list(transport.send([make_email(1)]))
    assert len(first.handed_over) == 2


def test_an_email_that_nobody_takes_is_deferred(make_email: Callable[..., Email]) -> None:
    first, second = Leg("first", UNREACHABLE), Leg("second", UNREACHABLE, UNREACHABLE)

    outcomes = list(FailoverTransport([first, second]).send([make_email(1), make_email(2)]))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.DEFERRED] * 2
    assert all(outcome.unreachable for outcome in outcomes)


def test_an_email_that_one_working_transport_deferred_does_not_stop_the_others(
    make_email: Callable[..., Email],
) -> None:
    first, second = Leg("first", Verdict.DEFERRED), Leg("second", UNREACHABLE)

    outcomes = list(FailoverTransport([first, second]).send([make_email(1), make_email(2)]))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.DEFERRED, Verdict.ACCEPTED]
    assert not outcomes[0].unreachable


def test_each_transport_keeps_its_one_connection_and_closes_it(make_email: Callable[..., Email]) -> None:
    first, second = Leg("first", *[Verdict.DEFERRED] * 10), Leg("second")

    list(FailoverTransport([first, second]).send(make_email(number) for number in range(10)))

    assert (first.opened, first.closed, second.opened, second.closed) == (1, 1, 1, 1)


def test_an_outcome_is_given_before_the_next_email_is_tried(make_email: Callable[..., Email]) -> None:
    first, second = Leg("first", UNREACHABLE), Leg("second")
    outcomes = FailoverTransport([first, second]).send(make_email(number) for number in range(9))

    next(outcomes)

    assert len(second.handed_over) == 1
    list(outcomes)


class LooksAhead(Leg):
    """A transport that wants to know whether there is another email before it tells of the first."""

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        waiting = iter(emails)
        email = next(waiting, None)
        while email is not None:
            following = next(waiting, None)
            assert following is not None or next(waiting, None) is None
            yield from super().send([email])
            email = following


def test_a_transport_that_looks_ahead_carries_them_all_the_same(make_email: Callable[..., Email]) -> None:
    first, second = (
        LooksAhead("first", Verdict.DEFERRED, Reply(Verdict.ACCEPTED, "first"), UNREACHABLE),
        LooksAhead("second"),
    )

    outcomes = list(FailoverTransport([first, second]).send(make_email(number) for number in range(6)))

    assert [outcome.detail for outcome in outcomes] == ["second", "first", "second", "second", "second", "second"]
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}


def test_a_lost_answer_of_one_transport_does_not_stop_the_others(make_email: Callable[..., Email]) -> None:
    class Loses(Leg):
        def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
            for email in emails:
                yield Outcome(email, Verdict.UNKNOWN, self.name, unreachable=True)

    second = Leg("second")

    outcomes = list(FailoverTransport([Loses("first"), second]).send([make_email(1), make_email(2)]))

    assert [(outcome.verdict, outcome.unreachable) for outcome in outcomes] == [
        (Verdict.UNKNOWN, False),
        (Verdict.ACCEPTED, False),
    ]


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        ([{"key": True}, {"key": False}], {"key": True}),
        ([{"key": False}, {"key": False}], {"key": False}),
        ([{"key": False}, None], {"key": None}),
        ([{"key": True}, None], {"key": True}),
        ([{}, None], {}),
        ([{"key": False}, {}], {}),
        ([{"key": True}, {}], {"key": True}),
        ([None, None], None),
    ],
)
def test_one_yes_is_enough_and_a_no_needs_everybody(
    found: list[Mapping[str, bool] | None], answer: Mapping[str, bool | None] | None
) -> None:
    transports = [ScriptedTransport(accepted_before=answers) for answers in found]

    assert FailoverTransport(transports).find_accepted(["key"]) == answer


def test_one_that_cannot_be_asked_now_keeps_back_no_yes_of_another() -> None:
    class Away(ScriptedTransport):
        def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
            raise TemporaryFailure("it is away")

    told = FailoverTransport([Away(), ScriptedTransport(accepted_before={"a": True, "b": False})])

    assert told.find_accepted(["a", "b"]) == {"a": True}


def test_a_check_fails_only_when_no_transport_works() -> None:
    down = Leg("first", UNREACHABLE)

    assert FailoverTransport([down, Leg("second")]).check() == "first: the mail server is away; second works"
    with pytest.raises(TemporaryFailure, match="no transport can be used"):
        FailoverTransport([down, down]).check()


def test_the_narrowest_transport_sets_how_many_sends_run_side_by_side() -> None:
    first, second = Leg("first"), Leg("second")
    second.connections = 1

    assert FailoverTransport([first, second]).connections == 1
