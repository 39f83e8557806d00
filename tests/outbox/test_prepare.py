from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flask_subscription_ops.domain.retry import backoff
from flask_subscription_ops.models import OutboxMessage

from ..hosts import NOON, Host, days

LAYOUT = '{% extends "subscription_ops/mail/_layout.txt" %}'
BODY = "{% block body %}.{% endblock %}"
BROKEN = {
    "'first_name' is undefined": LAYOUT + "{% block subject %}Hello {{ first_name }}{% endblock %}" + BODY,
    "Unexpected end of template": LAYOUT + "{% block subject %}Hello",
    "ZeroDivisionError": LAYOUT + "{% block subject %}{{ 1 // 0 }}{% endblock %}" + BODY,
}
MENDED = LAYOUT + "{% block subject %}Hello{% endblock %}" + BODY
Override = Callable[[Host, str], None]


@pytest.fixture
def override(tmp_path: Path) -> Override:
    """Put the host's own text of `trial_started` into a deep folder, as a new process would find it."""

    def put(host: Host, template: str) -> None:
        folder = tmp_path / ("deep" * 50)
        host.app.template_folder = str(folder)
        path = folder / "subscription_ops" / "mail" / "trial_started.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template)
        host.subs.runtime.__dict__.pop("renderer", None)

    return put


@pytest.mark.parametrize(("fault", "template"), BROKEN.items(), ids=list(BROKEN))
def test_a_template_that_fails_is_named_by_each_run_that_tries_it(
    sqlite_host: Host, override: Override, fault: str, template: str
) -> None:
    override(sqlite_host, template)
    sqlite_host.trial()

    for at in (NOON, NOON + 1.3 * backoff(1)):
        report = sqlite_host.deliver(at)

        assert (report.outcome.exit_code, report.deferred) == (1, 0)
        [failure] = report.failures
        assert failure["subject"] == "trial-started:sub-1:2026-12-15"
        assert fault in failure["error"]
        assert failure["error"].endswith("/subscription_ops/mail/trial_started.txt, line 1")


def test_an_email_whose_template_failed_goes_out_once_it_is_mended(sqlite_host: Host, override: Override) -> None:
    override(sqlite_host, BROKEN["ZeroDivisionError"])
    sqlite_host.trial()
    sqlite_host.deliver(NOON)

    override(sqlite_host, MENDED)
    report = sqlite_host.deliver(NOON + days(1))

    assert (report.outcome.exit_code, sqlite_host.kinds) == (0, ["trial_started"])


def test_a_template_that_fails_spoils_no_other_kind(sqlite_host: Host, override: Override) -> None:
    override(sqlite_host, BROKEN["ZeroDivisionError"])
    sqlite_host.trial("1")
    sqlite_host.at(NOON)
    sqlite_host.subs.subscribe("2", "pro")
    sqlite_host.db.session.commit()

    sqlite_host.deliver(NOON)

    assert sqlite_host.kinds == ["subscribed"]


def test_an_email_whose_template_is_never_mended_is_dead_in_the_end(
    make_on_sqlite: Callable[..., Host], override: Override
) -> None:
    host = make_on_sqlite(SUBS_MAX_ATTEMPTS=3)
    override(host, BROKEN["ZeroDivisionError"])
    host.trial()

    codes = [host.deliver(NOON + days(day)).outcome.exit_code for day in range(4)]

    message = host.db.session.query(OutboxMessage).one()
    assert (message.state, message.attempts, codes) == ("dead", 3, [1, 1, 1, 0])
