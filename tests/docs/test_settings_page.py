"""docs/reference/settings.md lists exactly the keys there are, with their defaults."""

from __future__ import annotations

import ast
import re
from dataclasses import MISSING, fields
from pathlib import Path

import flask_subscription_ops
from flask_subscription_ops import settings
from flask_subscription_ops.domain.plans import PLAN_KEYS, Policy

from .pages import code, read, rows

PACKAGE = Path(flask_subscription_ops.__file__).parent
DECLARING = {*(PACKAGE / "settings").rglob("*.py"), PACKAGE / "domain" / "plans.py"}
FIELDS = {field.name: field for field in fields(settings.Settings)}


def page_rows() -> dict[str, list[str]]:
    found = [row for row in rows(read("reference/settings.md")) if row[0].startswith("SUBS_")]
    assert len({row[0] for row in found}) == len(found), "a key is listed twice"
    return {field_of(row[0]): row for row in found}


def field_of(key: str) -> str:
    return key.removeprefix("SUBS_").removesuffix("_*").lower()


def test_the_page_lists_every_key_and_no_other() -> None:
    assert set(page_rows()) == FIELDS.keys()


def test_the_page_tells_the_defaults() -> None:
    for name, row in page_rows().items():
        assert read_default(name, row[1]) == default_of(name), name


def test_keys_are_marked_later_when_and_only_when_nothing_uses_them() -> None:
    later = {name for name, row in page_rows().items() if "*later*" in row[2]}

    assert later == {name for name in FIELDS if not is_used(name)}


def test_the_page_names_every_key_of_a_plan_and_of_its_policy() -> None:
    table = {row[0]: row[1] for row in rows(read("reference/settings.md")) if row[0] in PLAN_KEYS}

    assert set(table) == PLAN_KEYS
    assert {word for word in code(table["policy"]) if not word.startswith("SUBS_")} == set(Policy.__dataclass_fields__)


def default_of(name: str) -> object:
    field = FIELDS[name]
    return field.default if field.default_factory is MISSING else field.default_factory()


def read_default(name: str, text: str) -> object:
    value, reader = ast.literal_eval(text), FIELDS[name].metadata.get("read")
    return reader(value) if reader else value


def is_used(name: str) -> bool:
    use = re.compile(rf"(settings|policy|plan)\.{name}\b")
    sources = set(PACKAGE.rglob("*.py")) - DECLARING
    return any(use.search(path.read_text("utf-8")) for path in sources)
