from __future__ import annotations

from typing import Any

import pytest

from flask_subscription_ops.cli.planned import SHOWN, lines

SENTENCES = {
    "would end sub-103 (account 103): trialing -> expired [trial_expired, suspend_workspaces]": {
        **{"subject": "sub-103", "account": "103", "cause": "trial_ended", "from": "trialing", "to": "expired"},
        "effects": ["trial-expired:sub-103:2026-12-15", "suspend-workspaces:sub-103:2"],
    },
    "would cancel sub-4 (account 4): trialing -> canceled": {
        **{"subject": "sub-4", "account": "4", "cause": "canceled", "from": "trialing", "to": "canceled"},
        "effects": [],
    },
    "would change sub-5 (account 5): active -> grace": {
        **{"subject": "sub-5", "account": "5", "cause": "term_ended", "from": "active", "to": "grace", "effects": []},
    },
    "would remind sub-7 (account 7): trial_reminder [trial-reminder:sub-7:2026-12-15:7]": {
        **{"subject": "sub-7", "account": "7", "cause": "trial_reminder"},
        "effects": ["trial-reminder:sub-7:2026-12-15:7"],
    },
    "would email sub-7 (account 7): canceled_by_hand [canceled-by-hand:sub-7]": {
        **{"subject": "sub-7", "account": "7", "cause": "canceled_by_hand", "effects": ["canceled-by-hand:sub-7"]},
    },
    "would stop the workspaces of sub-7 (account 7): suspend_workspaces [suspend-workspaces:sub-7:2]": {
        **{"subject": "sub-7", "account": "7", "cause": "suspend_workspaces"},
        "effects": ["suspend-workspaces:sub-7:2"],
    },
    "would send deployment: alert [alert:1]": {
        **{"subject": "deployment", "account": None, "cause": "alert", "effects": ["alert:1"]},
    },
}


@pytest.mark.parametrize(("sentence", "planned"), SENTENCES.items(), ids=list(SENTENCES))
def test_what_would_be_done_is_a_sentence(sentence: str, planned: dict[str, Any]) -> None:
    assert list(lines([planned])) == [sentence]


def reminder(account: str | None) -> dict[str, Any]:
    return {"subject": "sub-1", "account": account, "cause": "trial_reminder", "effects": []}


@pytest.mark.parametrize(
    "accounts",
    [
        ["2", "10", "10a", "100"],
        [None, "7", "acme-2", "acme-10", "beta"],
        ["007", "8", "09", "10", "1" * 191],
        ["²", "é", "代"],
    ],
    ids=repr,
)
def test_accounts_stand_in_the_order_that_people_expect(accounts: list[str | None]) -> None:
    told = [line.partition(": ")[0] for line in lines([reminder(account) for account in reversed(accounts)])]

    assert told == [line.partition(": ")[0] for account in accounts for line in lines([reminder(account)])]


def test_a_long_list_begins_with_how_many_of_each_kind() -> None:
    told = list(lines([reminder(str(number)) for number in range(SHOWN + 5)]))

    assert told[0] == "would remind 25: trial_reminder"
    assert told[1] == "would remind sub-1 (account 0): trial_reminder"
    assert told[-1] == "... and 5 more; --json lists them all"
    assert len(told) == SHOWN + 2


def test_nothing_is_said_of_nothing() -> None:
    assert list(lines([])) == []
