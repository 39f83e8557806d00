"""Numbers that the prose repeats are those in the code."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from flask_subscription_ops.actions import arguments, cancel
from flask_subscription_ops.domain.reminders import ZONE_SPREAD, Ladder
from flask_subscription_ops.outbox import contacts, delivery, gone, run_operations, send_emails, writer
from flask_subscription_ops.runs import guard, report
from flask_subscription_ops.settings import Settings

from .pages import read, rows, sections

IN_WORDS = {3: "three", 4: "four", 20: "twenty", 100: "a hundred"}
END = datetime(2026, 12, 15, 14, tzinfo=timezone.utc)  # of the trial that the page takes
ZONES = {
    "Berlin (UTC+1)": "Europe/Berlin",
    "Los Angeles (UTC-8)": "America/Los_Angeles",
    "Auckland (UTC+13)": "Pacific/Auckland",
}


def in_words(number: int) -> str:
    return IN_WORDS[number]


SENTENCES = {
    "explanation/after-a-failure.md": [
        f"{in_words(delivery.CLAIMS_IN_VAIN)} claims of {in_words(run_operations.CLAIM_SIZE)} operations",
        f"{in_words(delivery.CLAIMS_IN_VAIN)} claims of {in_words(send_emails.CLAIM_SIZE)} emails",
        f"{in_words(delivery.CLAIMS_IN_VAIN)} chunks",
        f"up to {in_words(len(writer.PAUSES))} times",
        f"more than `SUBS_BRAKE_MIN` ({Settings().brake_min}) effects",
    ],
    "explanation/brake-and-clone-guard.md": [
        f"all of at least {in_words(gone.FEW)}",
        f"{Settings().brake_min}, or {Settings().brake_share:.0%}".replace("%", " %"),
    ],
    "explanation/reminders-and-zones.md": [
        f"{ZONE_SPREAD // timedelta(hours=1)} hours early",
        f"`SUBS_SEND_HOUR` ({Settings().send_hour} o'clock)",
    ],
    "explanation/what-a-kill-can-do.md": [f"`SUBS_LEASE_SECONDS` ({Settings().lease_seconds:g} s)"],
    "reference/contract.md": [
        f"up to {gone.ASKED_AT_ONCE} keys at once",
        f"each key is asked for alone, up to {contacts.SIDE_BY_SIDE} side by side",
        f"for several accounts side by side, up to {run_operations.SIDE_BY_SIDE},",
    ],
    "reference/tables.md": [f"the first {report.STORED_BYTES // 1024} KiB"],
}


@pytest.mark.parametrize("page", SENTENCES)
def test_prose_repeats_the_numbers_of_the_code(page: str) -> None:
    text = " ".join(read(page).split())

    assert [sentence for sentence in SENTENCES[page] if sentence not in text] == []


def test_a_token_of_the_brake_is_good_for_a_day() -> None:
    hours = guard.CONFIRM_WITHIN // timedelta(hours=1)

    assert hours == 24
    assert "A token is good once, for one day" in read("explanation/brake-and-clone-guard.md")


def test_the_page_of_reminders_works_its_example_out() -> None:
    table = list(rows(sections(read("explanation/reminders-and-zones.md"))["When a reminder is due"]))

    assert table == [[place, *worked_out(ZoneInfo(zone))] for place, zone in ZONES.items()]


def worked_out(zone: ZoneInfo) -> list[str]:
    ladder = Ladder(END - timedelta(days=14), END, (7, 3, 1), zone, Settings().send_hour)
    instants = [END, *(ladder.instant(days) for days in (7, 3, 1))]
    return [f"{at.astimezone(zone):%-d %B, %H:%M}" for at in instants]


def test_the_contract_tells_how_long_texts_may_be() -> None:
    lengths = {
        "account_id": f"1 to {arguments.KEY_LENGTHS['account_id']}, no space at its ends",
        "product": f"1 to {arguments.KEY_LENGTHS['product']}, no space at its ends",
        "plan": f"1 to {arguments.PLAN_LENGTH}",
        "payment_method": f"at most {arguments.PAYMENT_METHOD_LENGTH}",
        "reason": f"at most {cancel.REASON_LENGTH}",
        "`name` of `acting_as`": f"1 to {arguments.ACTOR_LENGTH}",
    }

    assert dict(row for row in rows(sections(read("reference/contract.md"))["Services for views"])) == lengths
