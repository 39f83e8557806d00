"""Sort out the claimed emails that have no reason or no recipient any more, and say what the others are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..domain.clock import to_text
from ..domain.contacts import Contact
from ..domain.emails import Audience, email_kind
from ..domain.retry import Answer
from ..errors import ConfigurationError, PermanentFailure, TemporaryFailure
from ..models import OutboxMessage, Subscription
from ..outside.text import describe
from ..runtime import Runtime
from .reasons import read_details, reason_against, subscriptions_of
from .settle import Ledger

if TYPE_CHECKING:
    from ..mail.letters.notice import Notice


@dataclass(frozen=True)
class Ready:
    """One claimed effect with what its email is made of; `repeat` says that an earlier try may have got through."""

    message: OutboxMessage
    notice: Notice
    repeat: bool

    @property
    def key(self) -> str:
        return self.message.effect_key


@dataclass(frozen=True)
class Preparation:
    """One claim on its way to the transport; what is not to be sent is settled in the ledger."""

    runtime: Runtime
    ledger: Ledger
    now: datetime

    def ready(self, messages: Sequence[OutboxMessage], contacts: Mapping[str, Contact]) -> list[Ready]:
        """Return what is to be sent; accounts without a contact are gone."""
        subscriptions = subscriptions_of(self.runtime, {m.subscription_id for m in messages if m.subscription_id})
        ready = []
        for message in messages:
            subscription = subscriptions.get(message.subscription_id or 0)
            notice = self._notice_alone(message, subscription, contacts.get(message.account_id or ""))
            if notice is not None:
                ready.append(Ready(message, notice, repeat=message.first_tried_at is not None))
        return ready

    def _notice_alone(
        self, message: OutboxMessage, subscription: Subscription | Exception | None, contact: Contact | None
    ) -> Notice | None:
        """A contact is the host's: it may fail in any way, each for its own email."""
        try:
            if isinstance(subscription, Exception):
                raise TemporaryFailure(f"its subscription cannot be read: {describe(subscription)}")
            return self._notice(message, subscription, contact)
        except ConfigurationError:
            raise
        except Exception as error:
            not_made(self.ledger, message, error)
        return None

    def _notice(
        self, message: OutboxMessage, subscription: Subscription | None, contact: Contact | None
    ) -> Notice | None:
        if email_kind(message.kind).audience is Audience.ADMINS:
            return self._alert(message)
        reason = reason_against(self.runtime, message, subscription, contact, self.now)
        if reason:
            self.ledger.superseded([message], reason)
            return None
        assert contact is not None, "an account without a contact is gone"
        if not contact.email:
            self.ledger.no_recipient(message)
            return None
        return self._made_of(message, _details(message, subscription), contact)

    def _alert(self, message: OutboxMessage) -> Notice | None:
        """An alert says for which of the administrators it is by number: addresses are not stored."""
        details, settings = read_details(message), self.runtime.settings
        recipients = dict(enumerate(settings.admin_emails, start=1))
        address = recipients.get(details.get("recipient", 0))
        if address is None:
            self.ledger.no_recipient(message)
            return None
        contact = Contact(address, timezone=settings.timezone)
        return self._made_of(message, {**details, "deployment": settings.deployment}, contact)

    def _made_of(self, message: OutboxMessage, details: Mapping[str, Any], contact: Contact) -> Notice:
        from ..mail.letters.notice import Notice

        at = message.first_tried_at or self.now
        return Notice(message.effect_key, message.kind, message.account_id or "", contact, details, at)


def not_made(ledger: Ledger, message: OutboxMessage, error: Exception) -> None:
    """Settle an email that cannot be made: for good where that is certain, else until what is at fault is mended."""
    answer = Answer.REFUSED if isinstance(error, PermanentFailure) else Answer.UNPREPARED
    ledger.record([message], answer, describe(error))


def _details(message: OutboxMessage, subscription: Subscription | None) -> Mapping[str, Any]:
    """A welcome that waited while the trial was extended names the new end."""
    details = read_details(message)
    if message.kind == "trial_started" and subscription is not None and subscription.trial_ends_at is not None:
        return {**details, "trial_ends_at": to_text(subscription.trial_ends_at)}
    return details
