"""The style sheet of the saas example can be read, by day and by night."""

from __future__ import annotations

import re

import pytest

from flask_subscription_ops.domain.colours import READABLE, contrast, parse_colour

from .conftest import EXAMPLES

STYLE = (EXAMPLES / "saas/saas/static/style.css").read_text("utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#\w+);", scheme)) for scheme in STYLE.split("@media")[:2])
TEXTS = [
    *((text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "ground")),
    *((text, ground) for text in ("ink", "accent") for ground in ("warm", "bad", "good")),
    ("on-accent", "accent"),
]
READABLE_SHAPE = 3  # the contrast that edges of fields and a mark of focus need


def between(scheme: dict[str, str], one: str, other: str) -> float:
    return contrast(parse_colour(scheme[one]), parse_colour(scheme[other]))


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_stand_out(scheme: dict[str, str]) -> None:
    assert {pair: between(scheme, *pair) for pair in TEXTS if between(scheme, *pair) < READABLE} == {}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_fields_and_the_mark_of_focus_stand_out(scheme: dict[str, str]) -> None:
    for ground in ("paper", "ground"):
        assert between(scheme, "edge", ground) >= READABLE_SHAPE
        assert between(scheme, "accent", ground) >= READABLE_SHAPE


def test_both_schemes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
