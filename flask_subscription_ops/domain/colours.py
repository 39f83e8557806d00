"""Colours as style sheets write them, and which text can be read on them (WCAG 2.2)."""

from __future__ import annotations

import re

from ..errors import InvalidInput

BLACK, WHITE = "#000000", "#ffffff"
READABLE = 4.5  # the contrast that text needs


def parse_colour(text: object) -> str:
    """Return #25c or #2456C7 as six lower-case digits, the only form that every email reader knows."""
    if not isinstance(text, str) or not re.fullmatch("#([0-9A-Fa-f]{3}){1,2}", text):
        raise InvalidInput("must be a CSS hex colour such as #2456c7 or #25c")
    digits = text[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def text_on(colour: str) -> str:
    """Return white where it can be read on the colour, else black, which then can."""
    return WHITE if contrast(WHITE, colour) >= READABLE else BLACK


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
