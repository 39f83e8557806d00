"""Take a database over for this deployment."""

from __future__ import annotations

from ..models import Deployment
from ..models.deployment import DEPLOYMENT_ID
from .work import Work


def adopt(work: Work) -> str | None:
    """Store the configured deployment name; return the name that was stored before."""
    stored = work.session.get(Deployment, DEPLOYMENT_ID, with_for_update=True)
    if stored is None:
        work.session.add(Deployment(id=DEPLOYMENT_ID, name=work.settings.deployment, epoch=1, adopted_at=work.now))
        return None
    before = stored.name
    if before != work.settings.deployment:
        stored.name, stored.epoch, stored.adopted_at = work.settings.deployment, stored.epoch + 1, work.now
    return before
