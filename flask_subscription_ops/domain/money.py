"""Money: integer minor units and an ISO 4217 code, never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ..errors import InvalidInput

WITHOUT_MINOR_UNITS = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
MOST = 2**63 - 1  # what a column of every database keeps
WITH_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


@dataclass(frozen=True)
class Money:
    """`amount` minor units of `currency` (4900 EUR is 49.00 euros)."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int) or self.amount < 0:
            raise InvalidInput(f"an amount is a whole number of minor units, zero or more, got {self.amount!r}")
        if self.amount > MOST:
            raise InvalidInput(f"an amount is at most {MOST} minor units")
        if not isinstance(self.currency, str) or not re.fullmatch("[A-Z]{3}", self.currency):
            raise InvalidInput(f"a currency is a three-letter ISO 4217 code such as EUR, got {self.currency!r}")

    def major(self) -> Decimal:
        """Return the amount in whole currency units, with the currency's own number of decimals."""
        return Decimal(self.amount).scaleb(-minor_digits(self.currency))


def minor_digits(currency: str) -> int:
    """Return how many decimals ISO 4217 gives the currency."""
    if currency in WITHOUT_MINOR_UNITS:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2
