"""The provisioners there are, each loaded only when an app uses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..outside.adapters import Adapter

if TYPE_CHECKING:
    from ..settings import Settings
    from .base import Provisioner

ADAPTERS: Mapping[str, Adapter] = {
    "hooks": Adapter(f"{__package__}.hooks:open_provisioner"),
    "http": Adapter(f"{__package__}.http:open_provisioner", needs=("workspaces_url", "workspaces_secrets")),
    "memory": Adapter(f"{__package__}.memory:open_provisioner"),
}


def open_provisioner(settings: Settings, require_hook: Callable[[str], Callable[..., Any]]) -> Provisioner:
    """Return the provisioner that SUBS_WORKSPACES names; nothing is reached yet.

    `require_hook` returns the host's function of a name, or raises ConfigurationError.
    """
    provisioner: Provisioner = ADAPTERS[settings.workspaces].open(settings, require_hook)
    return provisioner
