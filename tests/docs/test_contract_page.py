"""The contract names whatever the documentation lets a host use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

from .pages import PAGES, blocks, name_of, read, without_blocks

PACKAGE = "flask_subscription_ops"
OF_OTHER_PAGES = {f"{PACKAGE}.errors", f"{PACKAGE}.testing"}  # the contract leads to them
IMPORT = re.compile(rf"^from ({PACKAGE}[\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
DOTTED = re.compile(rf"`({PACKAGE}(?:\.\w+)+)\.(\w+)[(`]")


def imported(text: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of what the blocks import of the package."""
    for block in blocks(text, "python"):
        for module, within, line in IMPORT.findall(block):
            yield from ((module, name) for name in re.findall(r"\w+", within or line.partition("#")[0]))


def promised() -> set[tuple[str, str]]:
    return set(imported(read("reference/contract.md")))


def test_what_the_contract_imports_is_there() -> None:
    assert all(hasattr(import_module(module), name) for module, name in promised())


def test_no_page_lets_a_host_use_what_the_contract_does_not_name() -> None:
    used = {
        (name_of(page), module, name)
        for page in PAGES
        for text in [page.read_text("utf-8")]
        for module, name in [*imported(text), *DOTTED.findall(without_blocks(text))]
        if module not in OF_OTHER_PAGES
    }

    assert {found for found in used if found[1:] not in promised()} == set()
