"""Whatever an operator writes is kept whole, or answered with one error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.settings import read_settings

from ...cli.test_usage import run
from ...hosts import PLANS, Host
from .texts import any_thing, everything_still_works


def test_a_deployment_name_is_refused_at_start_or_kept_whole(host: Host) -> None:
    @any_thing
    def check(name: Any) -> None:
        try:
            accepted = read_settings({"SUBS_PLANS": PLANS, "SUBS_DEPLOYMENT": name}).deployment
        except ConfigurationError:
            return
        assert accepted == name.strip()
        host.subs.runtime.settings = replace(host.subs.settings, deployment=accepted)
        run(host, "deployment", "adopt")
        assert json.loads(run(host, "deployment", "show", "--json").stdout)["stored"] == accepted
        assert len(run(host, "deployment", "show").stdout.splitlines()) == 1

    check()
    run(host, "deployment", "adopt")
    everything_still_works(host)


COMMANDS: Sequence[tuple[str, ...]] = (
    ("show",),
    ("list", "--plan"),
    ("list", "--ending"),
    ("extend", "1"),
    ("extend", "1", "1", "--actor"),
    ("extend", "1", "1", "--product"),
    ("cancel",),
    ("cancel", "1", "--reason"),
    ("resume",),
    ("pause",),
    ("unpause",),
    ("audit", "--account"),
    ("outbox", "retry"),
    ("outbox", "drop"),
    ("deliver", "--confirm"),
    ("deliver", "--as-of"),
    ("mail", "preview"),
    ("mail", "preview", "trial_reminder", "--locale"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_whatever_an_operator_writes_there_is_an_answer_or_one_error(host: Host, words: tuple[str, ...]) -> None:
    host.trial()

    @any_thing
    def check(text: Any) -> None:
        if type(text) is not str or text.startswith("-"):
            return
        result = run(host, *words, text)
        assert result.exit_code in (0, 1, 2)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
        assert len(errors) == (0 if result.exit_code == 0 else 1)

    check()
    everything_still_works(host)
