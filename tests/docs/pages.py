"""The documentation as its tests read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

SVG = "{http://www.w3.org/2000/svg}"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    """Return a page of docs/."""
    return (DOCS / name).read_text("utf-8")


def picture(name: str) -> list[ElementTree.Element]:
    """Return the groups of shapes of a picture in docs/images/."""
    return list(ElementTree.parse(DOCS / "images" / name).getroot().iter(f"{SVG}g"))


def words_in(shape: ElementTree.Element) -> list[str]:
    """Return the texts of a group of shapes, as a reader sees them."""
    return [text.text or "" for text in shape.iter(f"{SVG}text")]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_blocks(text: str) -> str:
    return FENCE.sub("", text)


def blocks(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of these languages, of any where none is named."""
    return [body for language, body in FENCE.findall(text) if not languages or language in languages]


def sections(text: str) -> dict[str, str]:
    """Return what stands under each heading, up to the next heading."""
    parts = re.split(r"^#+ (.+)$", without_blocks(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> Iterator[list[str]]:
    """Yield the rows of every table, without heads and rulers; a cell that is all code comes without its backquotes."""
    head = True
    for line in text.splitlines():
        if not line.startswith("|"):
            head = True
        elif head or set(line) <= set("|- "):
            head = False
        else:
            yield [re.sub("^`([^`]+)`$", r"\1", cell.strip()) for cell in line.strip("|").split(" | ")]


def code(text: str) -> list[str]:
    """Return everything that stands between single backquotes."""
    return re.findall(r"`([^`\n]+)`", text)
