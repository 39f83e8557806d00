"""A small shop over five weeks: every customer does something else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from flask_subscription_ops import Contact
from flask_subscription_ops.models import OutboxMessage, Subscription
from flask_subscription_ops.reports.audit import verify
from flask_subscription_ops.testing import moving_clock

from ..hosts import NOON, Host

Act = Callable[[Host], None]


def test_five_weeks_in_a_shop(host: Host) -> None:
    host.known |= {
        "berlin": Contact("b@customer.example", "Bert", "en", "Europe/Berlin"),
        "tokyo": Contact("t@customer.example", "Tomo", "en", "Asia/Tokyo"),
        "moscow": Contact("m@customer.example", "Маша", "ru", "Europe/Moscow"),
    }
    calendar = {
        0: [start(name) for name in ("forgets", "berlin", "tokyo", "pays", "extends", "leaves", "regrets", "gone")],
        3: [start("moscow"), lambda shop: shop.subs.cancel(_of(shop, "leaves"), at_period_end=False)],
        5: [lambda shop: shop.subs.cancel(_of(shop, "regrets"))],
        6: [lambda shop: shop.subs.resume(_of(shop, "regrets")), lambda shop: shop.known.update(gone=None)],
        10: [lambda shop: shop.subs.subscribe("pays", "pro") and None],
        12: [lambda shop: shop.subs.extend_trial(_of(shop, "extends"), days=7)],
        15: [lambda shop: shop.subs.pause(_of(shop, "pays"))],
        20: [lambda shop: shop.subs.unpause(_of(shop, "pays"))],
    }

    live(host, calendar, weeks=5)

    assert told(host) == {
        "forgets": ["trial_started", *["trial_reminder"] * 3, "trial_expired"],
        "berlin": ["trial_started", *["trial_reminder"] * 3, "trial_expired"],
        "tokyo": ["trial_started", *["trial_reminder"] * 3, "trial_expired"],
        "moscow": ["trial_started", *["trial_reminder"] * 3, "trial_expired"],
        "pays": ["trial_started", "trial_reminder", "subscribed"],
        "extends": ["trial_started", *["trial_reminder"] * 5, "trial_expired"],
        "leaves": ["trial_started", "canceled"],
        "regrets": ["trial_started", *["trial_reminder"] * 3, "trial_expired"],
        "gone": ["trial_started"],
    }
    assert {name: _of(host, name).status for name in told(host)} == {
        **dict.fromkeys(("forgets", "berlin", "tokyo", "moscow", "extends", "regrets", "gone"), "expired"),
        "pays": "active",
        "leaves": "canceled",
    }
    assert sorted(host.stopped) == sorted([*told(host)])  # "pays" while it was paused
    assert [account_id for action, account_id, _ in host.operations if action == "resume"] == ["pays"]
    assert set(host.effects().values()) == {"done", "superseded"}
    assert list(verify(host.subs.runtime)) == []


def live(host: Host, calendar: dict[int, list[Act]], *, weeks: int) -> None:
    """Let time pass in steps of half a day, the job running at each."""
    with moving_clock(host.app, NOON) as clock:
        for step in range(weeks * 7 * 2):
            for act in calendar.get(step // 2, []) if step % 2 == 0 else []:
                act(host)
            host.db.session.commit()
            host.subs.run_job("trial-check")
            clock.move(hours=12)


def start(name: str) -> Act:
    def act(shop: Host) -> None:
        shop.subs.start_trial(name, "pro")

    return act


def told(host: Host) -> dict[str, list[str]]:
    accounts = {m.effect_key: m.account_id for m in host.db.session.query(OutboxMessage)}
    found = defaultdict(list)
    for email in host.subs.mailbox:
        found[accounts[email.key]].append(email.kind)
    return dict(found)


def _of(host: Host, name: str) -> Subscription:
    subscription = host.subs.get(name)
    assert subscription is not None
    host.db.session.refresh(subscription)
    return subscription
