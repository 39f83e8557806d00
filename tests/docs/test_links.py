from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import DOCS, PAGES, ROOT, name_of, without_blocks

LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [link for link in LINK.findall(without_blocks(page.read_text("utf-8"))) if not leads_somewhere(page, link)]

    assert broken == []


@pytest.mark.parametrize("start", [ROOT / "README.md", DOCS / "index.md"], ids=name_of)
def test_every_page_is_one_step_from_the_start(start: Path) -> None:
    linked = {(start.parent / link.partition("#")[0]).resolve() for link in LINK.findall(start.read_text("utf-8"))}

    assert {page for page in DOCS.rglob("*.md") if page != DOCS / "index.md"} - linked == set()


def leads_somewhere(page: Path, link: str) -> bool:
    if re.match("[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", without_blocks(page.read_text("utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
