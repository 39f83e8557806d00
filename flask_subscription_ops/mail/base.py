"""The contract every mail transport keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol


@dataclass(frozen=True)
class Email:
    """One rendered email, a pure function of its effect: rendering it again gives the same bytes.

    `key` is the effect key, `message_id` derives from it, `date` is when the effect was first tried.
    """

    key: str
    kind: str
    sender: str
    recipient: str
    recipient_name: str
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


class Verdict(Enum):
    """What a transport knows about one email after trying to hand it over."""

    ACCEPTED = "accepted"  # the other side took responsibility for it
    DEFERRED = "deferred"  # never reached the transport, or was answered "not now": another, or a later run, may try
    REFUSED = "refused"  # this email will never be taken as it is
    UNKNOWN = "unknown"  # the answer was lost after the content was sent, or does not tell


@dataclass(frozen=True)
class Outcome:
    """A transport's answer for one email; `detail` says why, without personal data.

    `more_follow` says that the same outside call also tells of the emails after this one: they are written down
    together, else each at once.

    `unreachable` says that the transport cannot be used by us now: the emails after this one would get the same. With
    DEFERRED it means that this email was not tried.
    """

    email: Email
    verdict: Verdict
    detail: str = ""
    unreachable: bool = False
    more_follow: bool = False


class Transport(Protocol):
    """Carries emails to the outside.

    `send` pulls one email (or one call's worth) at a time and yields its outcome before it pulls the next one:
    the caller writes the outcome down in between, so a kill can leave at most the emails of one call unrecorded.
    It never raises for an outside fault and never repeats a hand-over by itself.
    """

    name: str
    batch_size: int  # emails handed over in one outside call
    connections: int  # how many `send` iterators may run side by side

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Hand the emails over, in order, yielding each one's outcome before touching the next call's."""

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None] | None:
        """Tell which effect keys the other side has accepted before; None if this transport can never tell.

        A key that could not be looked up this time is left out. Where none could be, an EffectError may say why.
        """

    def check(self) -> str:
        """Reach the other side without sending; return one sentence, raise EffectError if it cannot be used."""
