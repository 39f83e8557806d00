from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from flask_subscription_ops import Contact
from flask_subscription_ops.domain.contacts import zone_of


def test_a_contact_is_written_to_in_english_and_utc_unless_it_says_otherwise() -> None:
    assert Contact("a@b.example") == Contact("a@b.example", name="", locale="en", timezone="UTC")


def test_a_contact_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Contact("a@b.example").email = "c@d.example"  # type: ignore[misc]


def test_a_known_zone_is_used() -> None:
    assert zone_of("Asia/Kathmandu", "Europe/Berlin").key == "Asia/Kathmandu"


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b", None, 5, "é"]
)
def test_an_unknown_zone_falls_back_to_the_apps(name: Any) -> None:
    assert zone_of(name, "Europe/Berlin").key == "Europe/Berlin"
