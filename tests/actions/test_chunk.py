"""What the database writes for a chunk is what Python writes for each subscription."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from flask_subscription_ops import Contact
from flask_subscription_ops.actions import end_trials, remind_trials
from flask_subscription_ops.actions.change import Change, apply
from flask_subscription_ops.actions.chunk import change_chunk
from flask_subscription_ops.actions.context import Context, context_of
from flask_subscription_ops.domain.states import EDGES, LIVE, Cause, Status
from flask_subscription_ops.domain.trials import Remind, Wait, next_step
from flask_subscription_ops.errors import IllegalTransition
from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription
from flask_subscription_ops.outbox.effects import email
from flask_subscription_ops.outbox.enqueue import enqueue

from ..customers import contents
from ..hosts import NOON, Host, days

EDGES_OF_CHUNKS = [(status, cause) for status, cause in EDGES if status is not None]

# Whatever a column can hold on every database.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
keys = st.one_of(texts, st.sampled_from(["", "'", '"', "\\", "%s", "%(rows)s", ":rows", "\\u000b", "İ😀", "7"]))
instants = st.timedeltas(timedelta(), days(8999 * 365)).map(
    lambda later: datetime(1000, 1, 1, tzinfo=timezone.utc) + later
)
hashes = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def populations(draw: st.DrawFn) -> list[dict[str, Any]]:
    accounts = draw(st.lists(keys, min_size=1, max_size=6, unique=True))
    return [
        {
            "id": draw(st.integers(1, 2**31)) * 10 + number,
            "account_id": account_id,
            "product": draw(keys),
            "plan": draw(st.just("pro") | keys),
            "amount": draw(st.integers(0, 2**53)),
            "currency": draw(st.sampled_from(["EUR", "JPY", "BHD"])),
            "interval": draw(st.sampled_from(["day", "month"])),
            "interval_count": draw(st.integers(1, 99)),
            "anchor": NOON,
            "trial_ends_at": draw(instants),
            "period_start": draw(st.none() | instants),
            "period_end": draw(st.none() | instants),
            "grace_ends_at": draw(st.none() | instants),
            "ended_at": draw(st.none() | instants),
            "cancel_at_period_end": draw(st.booleans()),
            "collected_by": draw(st.sampled_from(["local", "manual", "provider"])),
            "payment_method": draw(st.none() | keys),
            "reminder_due_at": draw(st.none() | instants),
            "version": draw(st.integers(1, 2**30)),
            "audit_hash": draw(hashes),
            "created_at": draw(instants),
            "updated_at": NOON,
        }
        for number, account_id in enumerate(accounts)
    ]


values = st.fixed_dictionaries(
    {"reminder_due_at": st.none() | instants},
    optional={
        "ended_at": st.none() | instants,
        "period_end": instants,
        "cancel_at_period_end": st.booleans(),
        "payment_method": st.none() | keys,
    },
)


def test_every_edge_is_taken_by_a_chunk_as_by_each_subscription(host: Host) -> None:
    @given(rows=populations(), edge=st.sampled_from(EDGES_OF_CHUNKS), new=values, run_id=st.none() | st.just(7))
    def hold(rows: list[dict[str, Any]], edge: tuple[Status, Cause], new: dict[str, Any], run_id: int | None) -> None:
        status, cause = edge
        store(host, rows, status)

        def together(context: Context) -> None:
            columns = [getattr(Subscription, name) for name in ("version", "status", *new)]
            assert change_chunk(context, read(context, columns), cause, new) == len(rows)

        def one_by_one(context: Context) -> None:
            for subscription in context.session.scalars(select(Subscription)).all():
                apply(context, [Change(subscription, cause, new)])

        actor = 'a "person" with 100 % \\ İ😀'
        assert written(host, together, actor=actor, run_id=run_id) == written(
            host, one_by_one, actor=actor, run_id=run_id
        )

    hold()


def test_trials_are_ended_by_a_chunk_as_each_is_decided(host: Host) -> None:
    @given(rows=populations())
    def hold(rows: list[dict[str, Any]]) -> None:
        store(host, rows, Status.TRIALING)

        def together(context: Context) -> None:
            end_trials.end_trials(context, read(context, end_trials.NEEDED))

        def one_by_one(context: Context) -> None:
            for trial in read(context, end_trials.NEEDED):
                end_trials.end_trials(context, [trial])

        assert written(host, together) == written(host, one_by_one)

    hold()


def test_trials_are_reminded_by_a_chunk_as_each_is_decided(host: Host) -> None:
    zones = st.sampled_from(["UTC", "Europe/Istanbul", "Pacific/Kiritimati", "America/St_Johns", "no/zone"])

    @given(rows=populations(), zone=zones, before=st.timedeltas(timedelta(minutes=-1), days(40)))
    def hold(rows: list[dict[str, Any]], zone: str, before: timedelta) -> None:
        trials = [{**row, "trial_ends_at": NOON + (row["trial_ends_at"] - NOON) % days(60)} for row in rows]
        now = trials[0]["trial_ends_at"] - before
        store(host, [{**row, "created_at": now - days(50), "period_start": None} for row in trials], Status.TRIALING)
        contacts = {row["account_id"]: Contact("a@b.example", timezone=zone) for row in rows}

        def together(context: Context) -> None:
            remind_trials.remind_trials(context, read(context, remind_trials.NEEDED), contacts)

        def one_by_one(context: Context) -> None:
            for trial in context.session.scalars(select(Subscription)).all():
                _remind(context, trial, contacts[trial.account_id])

        assert written(host, together, now=now) == written(host, one_by_one, now=now)

    hold()


@pytest.mark.parametrize("rehearses", [False, True])
def test_an_effect_that_is_there_already_is_neither_queued_nor_counted_nor_planned(host: Host, rehearses: bool) -> None:
    for account_id in "123":
        host.trial(account_id)
    host.check(NOON + days(14), deliver=False)
    with host.db.engine.begin() as connection:
        connection.execute(delete(OutboxMessage.__table__).where(OutboxMessage.subscription_id == 2))
        status = {"status": "trialing", "live": True, "version": 1}
        connection.execute(Subscription.__table__.update().values(**status))
        connection.execute(delete(AuditEntry.__table__).where(AuditEntry.version == 2))

    with host.subs.runtime.database.rehearsing() as session:
        context = context_of(host.subs.runtime, session, now=NOON + days(14), rehearses=rehearses)
        end_trials.end_trials(context, read(context, end_trials.NEEDED))

    assert context.queued == {"trial_expired": 1, "suspend_workspaces": 1}
    keys = {plan["subject"]: plan["effects"] for plan in context.planned}
    new = ["trial-expired:sub-2:2026-12-15", "suspend-workspaces:sub-2:2"]
    assert keys == ({"sub-1": [], "sub-2": new, "sub-3": []} if rehearses else {})


def test_a_row_that_is_not_in_the_version_that_was_read_leaves_the_whole_chunk_unchanged(host: Host) -> None:
    for account_id in "123":
        host.trial(account_id)
    before = contents(host)

    def end(session: Session) -> None:
        context = context_of(host.subs.runtime, session, now=NOON + days(14))
        rows = read(context, end_trials.NEEDED)
        session.execute(Subscription.__table__.update().where(Subscription.id == 2).values(version=2))
        end_trials.end_trials(context, rows)

    with pytest.raises(IllegalTransition, match="changed by someone else"):
        host.subs.runtime.in_transaction(end)

    assert contents(host) == before


def _remind(context: Context, trial: Subscription, contact: Contact) -> None:
    facts, start = end_trials.trial_of(trial), trial.period_start or trial.created_at
    step = next_step(facts, context.settings.trial_ladder(trial.plan, start, facts.ends_at, contact), context.now)
    if isinstance(step, Wait):
        trial.reminder_due_at = step.until
    if isinstance(step, Remind):
        trial.reminder_due_at = step.then
        days_before, send_at = step.reminder.days, step.reminder.send_at
        effect = email("trial_reminder", trial, send_at, steps=(days_before,), details={"days": days_before})
        enqueue(context.session, [effect], context.now)
    context.session.flush()


def store(host: Host, rows: Sequence[dict[str, Any]], status: Status) -> None:
    state = {"status": status.value, "live": True if status in LIVE else None}
    with host.db.engine.begin() as connection:
        connection.execute(delete(Subscription.__table__))
        connection.execute(insert(Subscription.__table__), [{**row, **state} for row in rows])


def read(context: Context, columns: Sequence[Any]) -> Sequence[Any]:
    """Return what a sweep hands to an action."""
    statement = select(Subscription.id, Subscription.account_id, *columns).order_by(Subscription.id)
    return context.session.execute(statement.with_for_update()).all()


def written(host: Host, work: Callable[[Context], None], now: datetime = NOON, **options: Any) -> list[Any]:
    """Return every row that the work leaves, and take it back."""
    with host.subs.runtime.database.rehearsing() as session:
        work(context_of(host.subs.runtime, session, now=now, **options))
        session.expire_all()
        return [
            session.execute(select(*(model.__table__.c[name] for name in names)).order_by(order)).mappings().all()
            for model, names, order in (
                (Subscription, names_of(Subscription), Subscription.id),
                (AuditEntry, names_of(AuditEntry, "id"), AuditEntry.subscription_id),
                (OutboxMessage, names_of(OutboxMessage, "id"), OutboxMessage.effect_key),
            )
        ]


def names_of(model: type[Any], *hidden: str) -> list[str]:
    return [column.name for column in model.__table__.columns if column.name not in hidden]
