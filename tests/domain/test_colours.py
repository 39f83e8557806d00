from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.domain.colours import BLACK, READABLE, WHITE, contrast, parse_colour, text_on
from flask_subscription_ops.errors import InvalidInput

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(("given", "read"), [("#2456C7", "#2456c7"), ("#25c", "#2255cc")])
def test_a_colour_is_read_as_six_digits(given: str, read: str) -> None:
    assert parse_colour(given) == read


@pytest.mark.parametrize("given", ["blue", "2456c7", "#2456c", "#2456c7ff", "#25c8", "#gggggg", "#25c\n", "", None, 7])
def test_anything_else_is_refused_with_what_is_right(given: object) -> None:
    with pytest.raises(InvalidInput, match=r"must be a CSS hex colour such as #2456c7 or #25c$"):
        parse_colour(given)


@given(colour=colours)
def test_text_can_be_read_on_every_colour(colour: str) -> None:
    assert contrast(text_on(colour), colour) >= READABLE


@pytest.mark.parametrize(
    ("colour", "text"), [("#2456c7", WHITE), ("#000000", WHITE), ("#ffd600", BLACK), ("#ffffff", BLACK)]
)
def test_text_is_white_where_white_can_be_read(colour: str, text: str) -> None:
    assert text_on(colour) == text


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)
