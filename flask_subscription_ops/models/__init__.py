"""What is stored: typed models on the package's own base, mirrored into the host's metadata."""

from .audit import AuditEntry
from .base import Base, mirror
from .billing import Invoice, Payment
from .deployment import Deployment
from .job_run import JobRun
from .outbox import OutboxMessage
from .subscription import Subscription
from .webhook import WebhookEvent

__all__ = [
    "AuditEntry",
    "Base",
    "Deployment",
    "Invoice",
    "JobRun",
    "OutboxMessage",
    "Payment",
    "Subscription",
    "WebhookEvent",
    "mirror",
]
