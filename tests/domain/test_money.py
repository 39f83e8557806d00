from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flask_subscription_ops.domain.money import Money
from flask_subscription_ops.errors import InvalidInput


@pytest.mark.parametrize(
    ("amount", "currency", "major"),
    [(4900, "EUR", "49.00"), (5, "USD", "0.05"), (0, "TRY", "0.00"), (4900, "JPY", "4900"), (4900, "KWD", "4.900")],
)
def test_an_amount_is_shown_with_its_currencys_own_decimals(amount: int, currency: str, major: str) -> None:
    assert str(Money(amount, currency).major()) == major


def test_an_amount_beyond_any_float_stays_exact() -> None:
    assert Money(90071992547409931, "EUR").major() == Decimal("900719925474099.31")


@pytest.mark.parametrize("amount", [-1, 49.0, "4900", None, True, Decimal(4900)])
def test_anything_but_whole_minor_units_is_refused(amount: Any) -> None:
    with pytest.raises(InvalidInput, match="minor units"):
        Money(amount, "EUR")


@pytest.mark.parametrize("amount", [2**63, 10**30])
def test_more_than_a_database_keeps_is_refused(amount: int) -> None:
    with pytest.raises(InvalidInput, match="at most 9223372036854775807"):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", "", None, "€", "EUR\n"])
def test_anything_but_a_three_letter_code_is_no_currency(currency: Any) -> None:
    with pytest.raises(InvalidInput, match="ISO 4217"):
        Money(1, currency)
