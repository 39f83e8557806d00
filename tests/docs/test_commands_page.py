"""Commands are documented as they are, and named in the documentation as they are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from flask_subscription_ops.errors import (
    AppendOnly,
    DatabaseUnreachable,
    IllegalTransition,
    InvalidInput,
    TimeTravelRefused,
)
from flask_subscription_ops.runs.report import Outcome

from ..commands import GROUP, leaves
from .pages import PAGES, blocks, code, name_of, read, rows, sections, without_blocks

CALL = re.compile(r"\bflask(?: --app \S+)? subs\b(?P<words>[^|;&#<`\n]*)")


def options_of(command: click.Command) -> set[str]:
    return {name for p in command.params if isinstance(p, click.Option) for name in p.opts} - {"--help"}


def documented() -> dict[str, list[tuple[str, ...]]]:
    """Return the commands that each heading names."""
    return {heading: paths for heading in sections(read("reference/commands.md")) if (paths := paths_in(heading))}


def paths_in(heading: str) -> list[tuple[str, ...]]:
    calls = [words_of(words) for call in code(heading) for words in CALL.findall(call)]
    return [tuple(word for word in words if re.fullmatch("[a-z-]+", word)) for words in calls]


def words_of(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def test_the_page_has_a_heading_for_every_command_and_no_other() -> None:
    assert sorted(path for paths in documented().values() for path in paths) == sorted(path for path, _ in leaves())


def test_the_page_lists_exactly_the_options_of_each_command() -> None:
    commands, texts = dict(leaves()), sections(read("reference/commands.md"))

    for heading, paths in documented().items():
        listed = {row[0].split()[0] for row in rows(texts[heading]) if row[0].startswith("--")}
        assert listed == set().union(*(options_of(commands[path]) for path in paths)), heading


def test_arguments_in_headings_are_those_of_the_commands() -> None:
    for path, command in leaves():
        usage = " ".join(
            p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)
        )
        call = " ".join(["flask subs", *path, *([usage] if usage else [])])
        assert call in [call for heading in documented() for call in code(heading)]


def test_the_report_is_described_key_by_key() -> None:
    from datetime import datetime, timezone

    from flask_subscription_ops.runs.report import JobReport

    report = JobReport("trial-check", datetime.now(timezone.utc), dry_run=True, confirm="token", stopped_by="brake")
    report.would_stop = "brake"
    table = sections(read("reference/commands.md"))["The report"]

    assert {key for row in rows(table) for key in row[0].replace("`", "").split(", ")} == set(report.to_dict())


def test_exit_codes_are_those_of_the_outcomes_and_errors() -> None:
    from flask_subscription_ops.cli.common import exit_code

    listed = {row[0] for row in rows(read("reference/exit-codes.md")) if row[0].isdigit()}

    assert listed == {"0", "1", "2", "3", "4"}
    assert {outcome.value: outcome.exit_code for outcome in Outcome} == {
        "ok": 0,
        "partial": 1,
        "failed": 3,
        "stopped": 4,
    }
    errors = (InvalidInput(""), TimeTravelRefused(), DatabaseUnreachable(), IllegalTransition(), AppendOnly())
    assert [exit_code(error) for error in errors] == [2, 2, 3, 1, 1]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    unknown = [call for call in calls_in(page.read_text("utf-8")) if not exists(words_of(call))]

    assert unknown == []


def calls_in(text: str) -> Iterator[str]:
    lines = [line for block in blocks(text) for line in block.replace("\\\n", " ").splitlines()]
    yield from (found["words"] for source in (*lines, *code(without_blocks(text))) for found in CALL.finditer(source))


def exists(words: list[str]) -> bool:
    command: click.Command | None = GROUP
    for i, word in enumerate(words):
        if not isinstance(command, click.Group):
            given = {word.partition("=")[0] for word in words[i:] if word.startswith("--")}
            return command is not None and given <= options_of(command)
        if not re.fullmatch("[a-z-]+", word):
            return word.isupper()  # a placeholder such as JOB
        command = command.get_command(click.Context(command), word)
    return command is not None
