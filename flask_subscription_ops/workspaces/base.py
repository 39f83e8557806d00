"""The contract every workspace provisioner keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Workspace:
    """One thing an account pays for, as the host sees it now."""

    id: str
    running: bool


@dataclass(frozen=True)
class Operation:
    """One wish about an account's workspaces; `id` is the same on every retry, so a host can recognise a repeat."""

    id: str
    product: str
    reason: str
    subscription_id: int


class Provisioner(Protocol):
    """Stops and starts the workspaces of an account; raises to be called again later with the same operation."""

    name: str

    def suspend(self, account_id: str, operation: Operation) -> None:
        """Stop every workspace of the account for the operation's product; a repeat is a no-op."""

    def resume(self, account_id: str, operation: Operation) -> None:
        """Start what `suspend` stopped; a repeat is a no-op."""
