"""Turn claimed emails into rendered ones, and sort out those that have no reason or no recipient any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from ..domain.clock import to_text
from ..domain.contacts import Contact
from ..domain.emails import Facts, why_not
from ..domain.reminders import Ladder
from ..domain.states import Status
from ..errors import ConfigurationError, DeadlineExceeded, PermanentFailure
from ..models import OutboxMessage, Subscription
from ..models.types import Unreadable
from ..outside.text import describe
from ..runtime import Runtime
from .settle import Ledger

if TYPE_CHECKING:
    from ..mail.base import Email

HANGS_TOLERATED = 3  # accounts for which the contacts hook may hang before the rest of a claim waits


@dataclass(frozen=True)
class Ready:
    """One claimed effect with its email; `repeat` says that an earlier try may have got through."""

    message: OutboxMessage
    email: Email
    repeat: bool


@dataclass(frozen=True)
class Preparation:
    """One claim on its way to the transport; what is not to be sent is settled in the ledger."""

    runtime: Runtime
    ledger: Ledger
    now: datetime
    failed: dict[str, str] = field(default_factory=dict)  # accounts whose contact could not be asked for

    def ready(self, messages: Sequence[OutboxMessage]) -> list[Ready]:
        """Return the emails that are to be sent."""
        contacts = self._contacts(sorted({message.account_id for message in messages if message.account_id}))
        subscriptions = self._subscriptions(
            {message.subscription_id for message in messages if message.subscription_id}
        )
        ready = []
        for message in messages:
            contact, subscription = (
                contacts.get(message.account_id or ""),
                subscriptions.get(message.subscription_id or 0),
            )
            email = self._email(message, subscription, contact)
            if email is not None:
                ready.append(Ready(message, email, repeat=message.first_tried_at is not None))
        return ready

    def _contacts(self, account_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Ask for all at once; where the host's hook fails, for each alone, so that one account spoils no other's."""
        try:
            return self.runtime.contacts(account_ids)
        except ConfigurationError:
            raise
        except Exception:
            return self._contacts_each_alone(account_ids)

    def _contacts_each_alone(self, account_ids: Sequence[str]) -> Mapping[str, Contact]:
        found: dict[str, Contact] = {}
        hangs = 0
        for account_id in account_ids:
            try:
                if hangs == HANGS_TOLERATED:
                    raise DeadlineExceeded("it hung for the accounts before this one")
                found.update(self.runtime.contacts([account_id]))
            except Exception as error:
                hangs = min(HANGS_TOLERATED, hangs + isinstance(error, DeadlineExceeded))
                self.failed[account_id] = f"the contacts hook failed: {describe(error)}"
        return found

    def _subscriptions(self, ids: set[int]) -> Mapping[int, Subscription]:
        with self.runtime.reading() as session:
            return {s.id: s for s in session.scalars(select(Subscription).where(Subscription.id.in_(ids)))}

    def _email(
        self, message: OutboxMessage, subscription: Subscription | None, contact: Contact | None
    ) -> Email | None:
        if isinstance(message.details, Unreadable):
            self.ledger.refused(message, f"its details are {message.details}: look at its row, then drop it")
        elif subscription is None:
            self.ledger.superseded([message], "the subscription was deleted")
        elif message.account_id in self.failed:
            self.ledger.postponed(message, self.failed[message.account_id])
        elif contact is None:
            self.ledger.superseded([message], "the account is gone")
        elif reason := self._why_not(message, subscription, contact):
            self.ledger.superseded([message], reason)
        elif not contact.email:
            self.ledger.no_recipient(message)
        else:
            return self._render(message, _details(message, subscription), contact)
        return None

    def _why_not(self, message: OutboxMessage, subscription: Subscription, contact: Contact) -> str | None:
        ends_at, ladder = subscription.trial_ends_at, self._ladder(subscription, contact)
        facts = Facts(Status(subscription.status), ends_at, subscription.cancel_at_period_end, ladder)
        return why_not(message.kind, message.details, facts, self.now)

    def _ladder(self, subscription: Subscription, contact: Contact) -> Ladder | None:
        if subscription.status != Status.TRIALING or subscription.trial_ends_at is None:
            return None
        start = subscription.period_start or subscription.created_at
        return self.runtime.settings.trial_ladder(subscription.plan, start, subscription.trial_ends_at, contact)

    def _render(self, message: OutboxMessage, details: Mapping[str, Any], contact: Contact) -> Email | None:
        from ..mail.letters.notice import Notice

        at = message.first_tried_at or self.now
        try:
            notice = Notice(message.effect_key, message.kind, message.account_id or "", contact, details, at)
            return self.runtime.renderer.render(notice)
        except ConfigurationError:
            raise
        except PermanentFailure as error:
            self.ledger.refused(message, str(error))
        except Exception as error:  # of what a host's contact holds, and of what its templates do, nothing is certain
            self.ledger.postponed(message, describe(error))
        return None


def _details(message: OutboxMessage, subscription: Subscription) -> Mapping[str, Any]:
    """A welcome that waited while the trial was extended names the new end."""
    details: Mapping[str, Any] = message.details
    if message.kind == "trial_started" and subscription.trial_ends_at is not None:
        return {**details, "trial_ends_at": to_text(subscription.trial_ends_at)}
    return details
