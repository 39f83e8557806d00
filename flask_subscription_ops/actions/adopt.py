"""Take a database over for this deployment."""

from __future__ import annotations

from ..models import Deployment
from ..models.deployment import DEPLOYMENT_ID
from ..outside.logs import logger
from .audit import record_apart
from .context import Context

log = logger()


def adopt(context: Context) -> str | None:
    """Store the configured deployment name; return the name that was stored before."""
    name = context.settings.deployment
    stored = context.session.get(Deployment, DEPLOYMENT_ID, with_for_update=True)
    if stored is None:
        context.session.add(Deployment(id=DEPLOYMENT_ID, name=name, epoch=1, adopted_at=context.now))
        return None
    before = stored.name
    if before != name:
        stored.name, stored.epoch, stored.adopted_at = name, stored.epoch + 1, context.now
        record_apart(context, stored, "adopted", {"from": before, "to": name, "epoch": stored.epoch})
        log.warning("the database of %s was adopted for %s by %s", before, name, context.actor)
    return before
