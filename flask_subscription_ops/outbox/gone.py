"""Question a mass answer: before emails are given up for gone accounts, it is known how many accounts are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import select

from ..errors import ConfigurationError
from ..models import OutboxMessage
from .claim import is_due
from .delivery import Delivery
from .effects import EMAIL

ASKED_AT_ONCE = 1000
FEW = 3  # accounts: so many that all are gone say something about the hook


class GoneAccounts:
    """Those that the contacts hook left out during one run."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._known: set[str] | None = None

    def may_be(self, gone: set[str], asked: int) -> bool:
        """Tell whether the emails of these accounts may be given up, out of so many that were asked for.

        The first time, the host is asked about every account that has an email due, as a single claim does not show
        how far a wrong answer reaches.
        """
        if self._known is None:
            self._known = self._among_all_due()
        self._known |= gone
        everybody = asked >= FEW and len(gone) == asked
        return self._delivery.may_lose(len(self._known), everybody)

    def _among_all_due(self) -> set[str]:
        gone: set[str] = set()
        accounts = iter(self._due_accounts())
        for asked in _in_parts(accounts, ASKED_AT_ONCE):
            try:
                gone |= set(asked) - set(self._delivery.runtime.contacts(asked))
            except ConfigurationError:
                raise
            except Exception:
                return gone  # it is asked again, claim by claim
        return gone

    def _due_accounts(self) -> Sequence[str]:
        table = OutboxMessage
        of_emails = table.channel == EMAIL, *is_due(self._delivery.clock())
        with self._delivery.runtime.reading() as session:
            accounts = session.scalars(select(table.account_id).where(*of_emails).distinct())
            return [account_id for account_id in accounts if account_id is not None]


def _in_parts(accounts: Iterator[str], size: int) -> Iterator[list[str]]:
    while part := list(islice(accounts, size)):
        yield part
