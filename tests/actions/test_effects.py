from __future__ import annotations

from flask_subscription_ops.actions.context import context_of
from flask_subscription_ops.actions.effects import drop, drop_waiting, retry
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.testing import Verdict

from ..hosts import NOON, Host, days

WELCOME = "trial-started:sub-1:2026-12-15"


def test_a_dropped_effect_tells_when_it_was_given_up(host: Host) -> None:
    host.trial()
    host.at(NOON + days(1))

    with host.subs.runtime.writing() as session:
        drop(context_of(host.subs.runtime, session), [WELCOME])

    assert _welcome(host) == ("dropped", NOON + days(1))


def test_what_a_copy_gives_up_tells_when(host: Host) -> None:
    host.trial()
    host.at(NOON + days(1))

    with host.subs.runtime.writing() as session:
        drop_waiting(context_of(host.subs.runtime, session), "given up by a copy")

    assert _welcome(host) == ("dropped", NOON + days(1))


def test_an_effect_that_is_queued_anew_is_not_finished_any_more(host: Host) -> None:
    host.trial()
    host.script(Verdict.REFUSED)
    host.deliver(NOON)
    assert _welcome(host) == ("dead", NOON)

    with host.subs.runtime.writing() as session:
        retry(context_of(host.subs.runtime, session), [])

    assert _welcome(host) == ("pending", None)


def _welcome(host: Host) -> tuple[object, ...]:
    host.db.session.rollback()
    columns = host.db.session.query(OutboxMessage.state, OutboxMessage.done_at)
    return tuple(columns.filter_by(effect_key=WELCOME).one())
