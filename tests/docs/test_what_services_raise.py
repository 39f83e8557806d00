"""docs/reference/contract.md tells which errors each service raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_subscription_ops import SubscriptionOps, errors

from ..hosts import NOON, Host
from .pages import read, rows, sections

Call = Callable[[SubscriptionOps], Any]

TOO_LONG = "a" * 2000
CALLS: dict[tuple[str, str], Call] = {
    ("start_trial", "InvalidInput"): lambda subs: subs.start_trial("new", "pro", days=0),
    ("start_trial", "UnknownPlan"): lambda subs: subs.start_trial("new", "gold"),
    ("start_trial", "LiveSubscriptionExists"): lambda subs: subs.start_trial("trialing", "pro"),
    ("start_trial", "TrialUsed"): lambda subs: subs.start_trial("canceled", "pro", once=True),
    ("subscribe", "InvalidInput"): lambda subs: subs.subscribe("", "pro"),
    ("subscribe", "UnknownPlan"): lambda subs: subs.subscribe("new", "gold"),
    ("subscribe", "LiveSubscriptionExists"): lambda subs: subs.subscribe("active", "pro"),
    ("get", "InvalidInput"): lambda subs: subs.get(TOO_LONG),
    ("has_access", "InvalidInput"): lambda subs: subs.has_access("a\nb"),
    ("cancel", "InvalidInput"): lambda subs: subs.cancel(subs.get("trialing"), reason=TOO_LONG),
    ("cancel", "IllegalTransition"): lambda subs: subs.cancel(subs.get("canceled")),
    ("resume", "InvalidInput"): lambda subs: subs.resume("trialing"),
    ("resume", "IllegalTransition"): lambda subs: subs.resume(subs.get("canceled")),
    ("pause", "InvalidInput"): lambda subs: subs.pause("active"),
    ("pause", "IllegalTransition"): lambda subs: subs.pause(subs.get("trialing")),
    ("unpause", "InvalidInput"): lambda subs: subs.unpause("active"),
    ("unpause", "IllegalTransition"): lambda subs: subs.unpause(subs.get("active")),
    ("extend_trial", "InvalidInput"): lambda subs: subs.extend_trial(subs.get("trialing"), days=0),
    ("extend_trial", "IllegalTransition"): lambda subs: subs.extend_trial(subs.get("active"), days=1),
    ("acting_as", "InvalidInput"): lambda subs: subs.acting_as("").__enter__(),
}
WHILE_OTHERS_WRITE = {
    ("start_trial", "IllegalTransition"),
    ("subscribe", "IllegalTransition"),
}  # tried where two sessions meet


def test_the_table_names_the_errors_that_services_raise() -> None:
    [head] = [row for row in read("reference/contract.md").splitlines() if row.startswith("| service |")]
    names = [cell.strip(" `") for cell in head.strip("|").split("|")][1:]
    table = rows(sections(read("reference/contract.md"))["What they raise"])

    listed = {(row[0], name) for row in table for name, cell in zip(names, row[1:], strict=True) if cell == "yes"}

    assert listed == set(CALLS) | WHILE_OTHERS_WRITE


@pytest.mark.parametrize(("service", "error"), CALLS, ids=" ".join)
def test_a_service_raises_what_the_table_says_and_writes_nothing(sqlite_host: Host, service: str, error: str) -> None:
    subs = sqlite_host.subs
    sqlite_host.at(NOON)
    subs.start_trial("trialing", "pro")
    subs.subscribe("active", "pro")
    subs.cancel(subs.start_trial("canceled", "pro"), at_period_end=False)
    sqlite_host.db.session.commit()
    before = sqlite_host.audit()

    with pytest.raises(getattr(errors, error)) as raised:
        CALLS[service, error](subs)
    sqlite_host.db.session.commit()

    assert type(raised.value).__name__ == error
    assert sqlite_host.audit() == before
