"""The photographs of the pages are those that `make pictures` takes, and none is heavy."""

from __future__ import annotations

from ..examples.pictures import PICTURES as PAGES_OF_SAAS
from .pages import DOCS, PAGES
from .pictures import PICTURES as EMAILS

HEAVY = 60_000  # bytes
IMAGES = sorted((DOCS / "images").glob("*.png"))


def test_every_picture_is_taken_by_the_script() -> None:
    taken = [*(f"email-{name}.png" for name in EMAILS), *(f"saas-{name}.png" for name in PAGES_OF_SAAS)]

    assert [path.name for path in IMAGES] == sorted(taken)


def test_every_picture_is_small_and_shown() -> None:
    pages = "".join(page.read_text("utf-8") for page in PAGES)

    for path in IMAGES:
        assert path.stat().st_size < HEAVY
        assert f"images/{path.name})" in pages
