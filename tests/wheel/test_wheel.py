"""The wheel, installed beside a host that was written from the documentation, does what the documentation says."""

from __future__ import annotations

import json
import subprocess
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

from .conftest import CHECKOUT, Shop

PACKAGE = CHECKOUT / "flask_subscription_ops"
ELSEWHERE = ("--interpreter", "/opt/app/venv/bin/python", "--working-directory", "/opt/app")
COMPANIES = (
    ("Ada Ltd", "ada@example.com", "en"),
    ("Elif AŞ", "elif@example.com", "tr"),
    ("Ольга", "olga@example.com", "ru"),
)
SUBJECTS = {
    "ada@example.com": "Your shop trial has ended",
    "elif@example.com": "shop deneme süreniz sona erdi",
    "olga@example.com": "Пробный период shop закончился",
}


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    files = {path.relative_to(CHECKOUT).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}

    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert packed == {name for name in files if "__pycache__" not in name}
    for needed in ("py.typed", "schedules/systemd/subs_alert.py", "translations/tr/LC_MESSAGES/subscription_ops.mo"):
        assert f"flask_subscription_ops/{needed}" in packed


def test_a_trial_from_its_start_to_the_stopped_machine(shop: Shop) -> None:
    migrate(shop)
    for name, email, locale in COMPANIES:
        assert shop.run("visit", "/sign-up", f"name={name}", f"email={email}", f"locale={locale}").startswith("200 ")
    assert shop.emails == []

    welcome = shop.ask("deliver")
    assert (welcome["outcome"], welcome["effects"]["delivered"]) == ("ok", {"trial_started": 3})

    end = datetime.fromisoformat(shop.ask("show", "1")["subscriptions"][0]["trial_ends_at"].replace("Z", "+00:00"))
    for days in (7, 3, 1):
        report = shop.ask("trial-check", "--as-of", noon(end, -days))
        assert (report["changed"], report["effects"]["delivered"]) == (3, {"trial_reminder": 3}), days
    assert shop.run("visit", "/companies/1").startswith("200 Welcome.")

    report = shop.ask("trial-check", "--as-of", noon(end, 1))
    assert report["effects"]["delivered"] == {"trial_expired": 3, "suspend_workspaces": 3}
    assert json.loads(shop.run("machines")) == {"1": False, "2": False, "3": False}
    assert shop.run("visit", "/companies/1").startswith("402 ")

    again = shop.ask("trial-check", "--as-of", noon(end, 2))
    assert (again["changed"], again["effects"]["delivered"]) == (0, {})
    read_the_emails(shop)
    read_it_back(shop)


def migrate(shop: Shop) -> None:
    shop.run("db", "init")
    shop.run("db", "migrate", "-m", "Create all tables")
    shop.run("db", "upgrade")
    shop.run("db", "check")


def noon(day: datetime, days: int) -> str:
    return (day + timedelta(days=days)).strftime("%Y-%m-%dT12:00:00Z")


def read_the_emails(shop: Shop) -> None:
    kinds = [str(email["X-Subs-Effect"]).partition(":")[0] for email in shop.emails]
    assert {kind: kinds.count(kind) for kind in kinds} == {"trial-started": 3, "trial-reminder": 9, "trial-expired": 3}
    assert len({email["Message-ID"] for email in shop.emails}) == 15
    for name, address, _ in COMPANIES:
        received = [email for email in shop.emails if address in str(email["To"])]
        assert len(received) == 5
        assert all(email["To"].addresses[0].display_name == name for email in received)
    last = {str(email["To"].addresses[0].addr_spec): str(email["Subject"]) for email in shop.emails[-3:]}
    assert last == SUBJECTS  # each in its own language: the catalogues came along
    assert shop.emails[-1].get_body(("html",)) is not None


def read_it_back(shop: Shop) -> None:
    status = shop.ask("status")
    assert (status["deployment"], status["subscriptions"]) == ("shop", {"expired": 3})
    assert status["effects"] == {"done": 18}
    account = shop.ask("show", "2")
    assert [(entry["from"], entry["to"], entry["cause"]) for entry in account["audit"]] == [
        (None, "trialing", "trial_started"),
        ("trialing", "expired", "trial_ended"),
    ]
    assert account["subscriptions"][0]["has_access"] is False
    assert {effect["state"] for effect in account["effects"]} == {"done"}
    lines = [json.loads(line) for line in shop.run("subs", "audit").splitlines()]
    assert [line["account"] for line in lines] == ["1", "2", "3", "1", "2", "3"]
    assert shop.run("subs", "audit", "--verify").strip() == "the audit is whole"
    findings = json.loads(shop.flask("subs", "doctor", "--json").stdout)["findings"]
    assert [finding["text"].split()[0] for finding in findings] == ["SUBS_ALLOW_TIME_TRAVEL"]  # and nothing else


def test_units_come_from_the_wheel(shop: Shop) -> None:
    shop.run("subs", "systemd", "render", "units", *ELSEWHERE)
    planned = shop.run("subs", "systemd", "install", "--dry-run", *ELSEWHERE)

    service = (shop.folder / "units" / "subs-trial-check.service").read_text()
    assert "ExecStart=/opt/app/venv/bin/python -m flask --app shop subs trial-check\n" in service
    assert "write /usr/local/lib/subscription-ops/subs_alert.py" in planned.splitlines()


def test_the_package_comes_from_the_environment(shop: Shop) -> None:
    code = "import flask_subscription_ops as package; print(package.__file__)"
    result = subprocess.run(
        [shop.python, "-I", "-c", code], cwd=shop.folder, capture_output=True, text=True, check=True
    )

    assert Path(result.stdout.strip()).is_relative_to(shop.python.parents[1])
