"""The subscription back office of a Flask app."""

from .domain.contacts import Contact
from .errors import SubscriptionOpsError
from .extension import SubscriptionOps, current_subs
from .workspaces.base import Operation, Workspace

__all__ = ["Contact", "Operation", "SubscriptionOps", "SubscriptionOpsError", "Workspace", "current_subs"]
