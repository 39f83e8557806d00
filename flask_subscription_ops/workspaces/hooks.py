"""Workspaces that the host stops and starts itself, with the functions it registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .base import Operation

if TYPE_CHECKING:
    from ..settings import Settings


class HookProvisioner:
    """Calls the host's own functions; `require` returns the hook of a name, or raises ConfigurationError."""

    name = "hooks"

    def __init__(self, require: Callable[[str], Callable[..., Any]]) -> None:
        self._require = require

    def suspend(self, account_id: str, operation: Operation) -> None:
        """Stop the account's workspaces."""
        self._require("suspend_workspaces")(account_id, operation)

    def resume(self, account_id: str, operation: Operation) -> None:
        """Start the account's workspaces."""
        self._require("resume_workspaces")(account_id, operation)


def open_provisioner(settings: Settings, require_hook: Callable[[str], Callable[..., Any]]) -> HookProvisioner:
    """Return the provisioner; a hook that is missing is found when it is used, as it may be registered late."""
    return HookProvisioner(require_hook)
