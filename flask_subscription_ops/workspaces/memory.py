"""Workspaces that exist only in memory: for tests, demos and as the model of a provisioner."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..errors import EffectError
from .base import Operation

if TYPE_CHECKING:
    from ..settings import Settings


@dataclass(frozen=True)
class Call:
    """One operation that was carried out."""

    action: str
    account_id: str
    operation: Operation


class MemoryProvisioner:
    """Keeps what runs in a dictionary, and every operation in `calls`; repeats of an operation change nothing."""

    name = "memory"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._running: dict[tuple[str, str], bool] = {}
        self._failures: list[EffectError] = []
        self._lock = Lock()

    def suspend(self, account_id: str, operation: Operation) -> None:
        """Stop the account's workspaces."""
        self._carry_out(Call("suspend", account_id, operation))

    def resume(self, account_id: str, operation: Operation) -> None:
        """Start the account's workspaces."""
        self._carry_out(Call("resume", account_id, operation))

    def is_running(self, account_id: str, product: str = "default") -> bool:
        """Tell whether the account's workspaces run; they do until they are suspended."""
        return self._running.get((account_id, product), True)

    def fail_next(self, *errors: EffectError) -> None:
        """Raise these, one a call, before anything is done."""
        self._failures.extend(errors)

    def _carry_out(self, call: Call) -> None:
        with self._lock:
            if self._failures:
                raise self._failures.pop(0)
            if any(call.operation.id == done.operation.id for done in self.calls):
                return
            self.calls.append(call)
            self._running[call.account_id, call.operation.product] = call.action == "resume"


def open_provisioner(settings: Settings, require_hook: Any) -> MemoryProvisioner:
    """Return a provisioner that has carried out nothing yet."""
    return MemoryProvisioner()
