"""What the reference says of states, tables, emails, errors and the contract is what the code says."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from flask import Flask
from sqlalchemy import CheckConstraint, Table, UniqueConstraint

import flask_subscription_ops
from flask_subscription_ops import SubscriptionOps, errors, models, signals
from flask_subscription_ops.domain.emails import EMAILS, Audience
from flask_subscription_ops.domain.retry import STEPS
from flask_subscription_ops.domain.states import EDGES, LIVE, WITH_ACCESS, Edge, Status
from flask_subscription_ops.hooks import ARGUMENTS
from flask_subscription_ops.mail.letters.languages import Languages
from flask_subscription_ops.mail.letters.render import Renderer
from flask_subscription_ops.mail.letters.wording import variables
from flask_subscription_ops.models import Base
from flask_subscription_ops.settings import Settings

from .pages import DOCS, SVG, blocks, code, picture, read, rows, sections, words_in

PACKAGE = Path(flask_subscription_ops.__file__).parent


def edges() -> list[tuple[str, str, Edge]]:
    """Return the edges of the diagram: all but the amendments, which have no effects and leave the status."""
    found = [(status.value if status else "-", cause.value, edge) for (status, cause), edge in EDGES.items()]
    return [row for row in found if row[1] not in amendments()]


def amendments() -> dict[str, list[str]]:
    kept = [(status, cause) for (status, cause), edge in EDGES.items() if status and edge == Edge(status)]
    return {cause.value: sorted(s.value for s, c in kept if c is cause) for _, cause in kept}


def test_the_picture_has_every_edge_with_its_cause() -> None:
    arrows = [shape for shape in picture("states.svg") if "data-to" in shape.attrib]
    drawn = [
        (start, cause, shape.attrib["data-to"])
        for shape in arrows
        for start in shape.attrib["data-from"].split()
        for cause in words_in(shape)
    ]

    assert sorted(drawn) == sorted((start, cause, edge.to.value) for start, cause, edge in edges())


def test_the_picture_has_every_state_and_shows_which_give_access() -> None:
    drawn = {words_in(shape)[0]: "good" in shape.attrib["class"] for shape in picture("states.svg") if is_state(shape)}

    assert drawn == {status.value: status in WITH_ACCESS for status in Status}


def is_state(shape: Element) -> bool:
    return "state" in shape.get("class", "").split()


def test_the_table_of_edges_has_their_emails_and_operations() -> None:
    table = rows(sections(read("reference/states.md"))["Every edge"])
    words = {None: "-", "suspend_workspaces": "stop", "resume_workspaces": "start"}

    listed = sorted(row for row in table if len(row) == 5)

    assert listed == sorted(
        [start, cause, edge.to.value, edge.email or "-", words[edge.workspaces and edge.workspaces.value]]
        for start, cause, edge in edges()
    )


def test_the_page_of_states_tells_access_life_and_amendments() -> None:
    diagram, table = sections(read("reference/states.md"))["The diagram"], sections(read("reference/states.md"))

    assert {row[0]: (row[2], row[3]) for row in rows(diagram)} == {
        s.value: ("yes" if s in WITH_ACCESS else "no", "yes" if s in LIVE else "no") for s in Status
    }
    amended = {row[0]: re.findall(r"\w+", row[1]) for row in rows(table["Every edge"]) if len(row) == 3}
    assert amended == amendments()


def test_the_page_of_tables_has_every_column_index_and_value() -> None:
    described = {name: text for name, text in sections(read("reference/tables.md")).items() if name.startswith("subs_")}

    assert {name: facts_on_page(text) for name, text in described.items()} == {
        table.name: facts_of(table) for table in Base.metadata.sorted_tables
    }


def facts_on_page(text: str) -> dict[str, Any]:
    return {
        "columns": [(row[0], row[2] == "yes") for row in rows(text)],
        "unique": sorted(re.findall(r"^- Unique: `(.+?)`", text, flags=re.MULTILINE)),
        "indexes": sorted(re.findall(r"^- Index: `(.+?)`", text, flags=re.MULTILINE)),
        "values": {name: code(rest) for name, rest in re.findall(r"^- Values of `(\w+)`: (.+)$", text, re.MULTILINE)},
    }


def facts_of(table: Table) -> dict[str, Any]:
    checks = [str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)]
    listings = [found for check in checks if (found := re.fullmatch(r"(\w+) IN \((.+)\)", check))]
    return {
        "columns": [(column.name, bool(column.nullable)) for column in table.columns],
        "unique": sorted(columns_of(c) for c in table.constraints if isinstance(c, UniqueConstraint)),
        "indexes": sorted(columns_of(index) for index in table.indexes),
        "values": {found[1]: re.findall(r"'(\w+)'", found[2]) for found in listings},
    }


def columns_of(constraint: Any) -> str:
    return ", ".join(column.name for column in constraint.columns)


def test_the_page_of_emails_has_every_kind_and_when_it_is_wanted() -> None:
    listed = {
        row[0]: sorted(re.findall(r"\w+", row[3])) for row in rows(sections(read("reference/emails.md"))["Kinds"])
    }

    assert sorted(listed) == Renderer(Flask("host"), Settings()).kinds()
    about_accounts = [kind for kind in EMAILS.values() if kind.audience is Audience.CONTACT]
    wanted = {kind.name: sorted(status.value for status in kind.wanted_in) for kind in about_accounts}
    assert listed == {**wanted, "alert": []}


def test_the_page_of_emails_names_every_variable() -> None:
    table = rows(sections(read("reference/emails.md"))["Templates"])
    named = {word for row in table for word in row[0].replace("`", "").split(", ")}
    renderer = Renderer(Flask("host"), Settings())

    for kind in renderer.kinds():
        assert set(variables(renderer.sample(kind), Settings(), "host", Languages())) <= named


def test_the_waits_between_tries_are_the_rule() -> None:
    minutes = {"min": 1, "h": 60}
    for page in ("reference/emails.md", "reference/errors.md"):
        [found] = re.findall(
            r"((?:\d+ (?:min|h),? (?:and )?)+)(?:, )?each up to a fifth longer", read(page).replace("\n", " ")
        )
        waits = [timedelta(minutes=int(n) * minutes[unit]) for n, unit in re.findall(r"(\d+) (min|h)", found)]
        assert waits == list(STEPS)


def test_the_tree_of_errors_is_the_one_in_the_code() -> None:
    [tree] = blocks(read("reference/errors.md"), "text")
    raised = {name for name, value in vars(errors).items() if is_ours(value)}

    assert inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2] == tree.strip()
    assert set(re.findall(r"^[│├└─ ]*(\w+)", tree, flags=re.MULTILINE)) == raised


def is_ours(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, errors.SubscriptionOpsError)


def test_the_contract_names_everything_public() -> None:
    page = read("reference/contract.md")

    assert_named(page, flask_subscription_ops.__all__)
    assert_named(page, [name for name in dir(SubscriptionOps) if not name.startswith("_")])
    assert_named(page, ["effect_failed", "job_finished", "payment_changed", "subscription_changed"])
    assert_named(page, set(models.__all__) - {"Base", "Deployment", "mirror"})
    assert vars(signals).keys() >= {"effect_failed", "job_finished", "payment_changed", "subscription_changed"}


def assert_named(page: str, names: Any) -> None:
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", page)) == []


def test_services_are_written_with_their_real_arguments() -> None:
    written = [line for block in blocks(read("reference/contract.md"), "python") for line in block.splitlines()]

    for name in SERVICES:
        assert f"{name}{plain_signature(getattr(SubscriptionOps, name))}" in written


def test_every_public_method_is_a_service_a_hook_or_named_here() -> None:
    public = {name for name, value in vars(SubscriptionOps).items() if callable(value) and not name.startswith("_")}

    assert public == SERVICES | set(ARGUMENTS) | {"init_app", "access_required", "current_account_id"}


SERVICES = {
    "start_trial",
    "subscribe",
    "get",
    "has_access",
    "cancel",
    "resume",
    "pause",
    "unpause",
    "extend_trial",
    "acting_as",
    "run_job",
}


def plain_signature(function: Any) -> str:
    empty = inspect.Parameter.empty
    given = [p.replace(annotation=empty) for p in list(inspect.signature(function).parameters.values())[1:]]
    return str(inspect.Signature(given)).replace("'", '"')


def test_hooks_are_described_with_their_arguments() -> None:
    table = {row[0]: row[1] for row in rows(sections(read("reference/contract.md"))["Hooks"])}

    assert set(table) == {f"@subs.{name}" for name in ARGUMENTS}
    for name, arguments in ARGUMENTS.items():
        assert all(argument in table[f"@subs.{name}"] for argument in arguments)


def test_the_page_of_the_architecture_names_every_room() -> None:
    [rooms] = [
        block for block in blocks(read("explanation/architecture.md")) if block.startswith("flask_subscription_ops/")
    ]
    there = {f"{path.name}/" if path.is_dir() else path.name for path in PACKAGE.iterdir()} - {
        "__pycache__/",
        "py.typed",
    }

    assert set(re.findall(r"^  (\S+)", rooms, flags=re.MULTILINE)) == there


def test_the_page_of_the_architecture_names_files_and_rules_that_are_there() -> None:
    page = read("explanation/architecture.md")
    files = re.findall(r"\b[a-z_]+/[a-z_]+\.py\b", page)
    [rules] = re.findall(r"  domain/ +rules: ([a-z, ]+)\.", page)

    assert len(files) > 10
    assert [name for name in files if not (PACKAGE / name).exists()] == []
    assert [name for name in rules.split(", ") if not (PACKAGE / "domain" / f"{name}.py").exists()] == []


def test_the_picture_of_the_flow_names_rooms_that_are_there() -> None:
    texts = ElementTree.parse(DOCS / "images/flow.svg").iter(f"{SVG}text")
    named = [name for text in texts if "room" in text.get("class", "") for name in (text.text or "").split(", ")]

    assert len(named) > 5
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_the_page_of_the_architecture_has_the_layers_that_are_checked() -> None:
    project = (PACKAGE.parent / "pyproject.toml").read_text("utf-8")
    layers = re.search(r"layers = \[\n(.*?)\]", project, flags=re.DOTALL)
    assert layers is not None
    checked = [re.sub(r"flask_subscription_ops\.", "", line) for line in re.findall(r'"(.+)"', layers[1])]

    assert "\n".join(checked) + "\n" in blocks(read("explanation/architecture.md"))
