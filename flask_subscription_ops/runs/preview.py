"""What a dry run says of a delivery."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from ..database.readable import readable
from ..domain.emails import Audience, email_kind
from ..models import OutboxMessage
from ..outbox.claim import is_due, newest_wishes
from ..outbox.contacts import Asking
from ..outbox.delivery import NO_LIMIT
from ..outbox.effects import OPERATIONS
from ..outbox.reasons import reason_against, subscriptions_of
from ..outbox.settle import fail
from .run import Run

LISTED = 1000  # due effects that are looked at


def list_due(run: Run, limit: int = NO_LIMIT) -> int:
    """Plan the effects that are due and would be carried out, the most urgent first; return how many are due."""
    wanted = select(OutboxMessage).where(*is_due(run.now)).order_by(OutboxMessage.due_at, OutboxMessage.id)
    found = readable(run.runtime.database, OutboxMessage, wanted.limit(min(limit, LISTED)))
    due = [message for message in found if not message.fault]
    for message in found:
        if message.fault:
            fail(run.report.tally, message, f"its row cannot be claimed: {message.fault}")
    in_vain = {*_unwanted_emails(run, due), *_replaced_operations(run, due)}
    for message in due:
        if message.id not in in_vain:
            planned = {"subject": message.about, "account": message.account_id, "cause": message.kind}
            run.report.planned.append({**planned, "effects": [message.effect_key]})
    return len(due)


def _unwanted_emails(run: Run, due: Sequence[OutboxMessage]) -> set[int]:
    """Return the emails without a recipient, and those without a reason once the run has changed what it would."""
    emails = [m for m in due if m.kind not in OPERATIONS and email_kind(m.kind).audience is Audience.CONTACT]
    if not emails:
        return set()
    answers = Asking(run.runtime).ask(sorted({m.account_id for m in emails if m.account_id}))
    subscriptions = subscriptions_of(run.runtime, {m.subscription_id for m in emails if m.subscription_id})
    becomes = {plan["subject"]: plan["to"] for plan in run.report.planned if "to" in plan}
    unwanted = set()
    for message in emails:
        subscription = subscriptions.get(message.subscription_id or 0)
        if isinstance(subscription, Exception) or message.account_id in {*answers.failed, *answers.unasked}:
            continue  # it is tried, and put off
        contact, status = answers.contacts.get(message.account_id or ""), becomes.get(message.about)
        reason = reason_against(run.runtime, message, subscription, contact, run.now, status=status)
        if reason or contact is None or not contact.email:
            unwanted.add(message.id)
    return unwanted


def _replaced_operations(run: Run, due: Sequence[OutboxMessage]) -> set[int]:
    """Return the operations in whose place a newer one stands, or would stand after the run."""
    operations = [message for message in due if message.kind in OPERATIONS]
    if not operations:
        return set()
    with run.runtime.reading() as session:
        newest = newest_wishes(session, operations)
    new = tuple(f"{kind.replace('_', '-')}:" for kind in OPERATIONS)
    replacing = {plan["subject"] for plan in run.report.planned if any(key.startswith(new) for key in plan["effects"])}
    return {m.id for m in operations if m.id != newest[m.lane, m.product] or m.about in replacing}
