"""What lies outside, how each goes away, and what waits for it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_subscription_ops import Contact
from flask_subscription_ops.testing import UNREACHABLE

from ..hosts import Host


@dataclass
class Outside:
    """One thing outside: how it goes away, and which effects, in order, it let through after it came back."""

    away: Callable[[Host], None]
    back: Callable[[Host], Callable[[], list[str]]]
    queue: Callable[[Host, str, datetime], None]
    line: str


def _no_server(host: Host) -> None:
    host.script(UNREACHABLE)


def _a_server(host: Host) -> Callable[[], list[str]]:
    transport = host.script()
    return lambda: [email.key for email in transport.handed_over]


def _no_provisioner(host: Host) -> None:
    def away(account_id: str, operation: Any) -> None:
        try:
            raise ConnectionRefusedError("nobody listens")
        except ConnectionRefusedError as error:
            raise RuntimeError("cannot stop it") from error

    host.subs.suspend_workspaces(away)


def _a_provisioner(host: Host) -> Callable[[], list[str]]:
    carried_out: list[str] = []
    host.subs.suspend_workspaces(lambda account_id, operation: carried_out.append(operation.id))
    return lambda: carried_out


def _no_directory(host: Host) -> None:
    def away(account_ids: Sequence[str]) -> Mapping[str, Contact]:
        raise OSError("the directory is away")

    host.subs.contacts(away)


def _a_directory(host: Host) -> Callable[[], list[str]]:
    host.subs.contacts(lambda account_ids: {key: Contact(f"{key}@customer.example") for key in account_ids})
    return _a_server(host)


def email(host: Host, account_id: str, at: datetime) -> None:
    host.at(at)
    host.subs.subscribe(account_id, "pro")
    host.db.session.commit()


def operation(host: Host, account_id: str, at: datetime) -> None:
    host.at(at)
    host.subs.pause(host.subs.subscribe(account_id, "pro"))
    host.db.session.commit()


OUTSIDE = {
    "mail server": Outside(_no_server, _a_server, email, "the mail server cannot be reached"),
    "provisioner": Outside(_no_provisioner, _a_provisioner, operation, "the provisioner cannot be reached"),
    "contacts hook": Outside(_no_directory, _a_directory, email, "the contacts hook does not answer"),
}
