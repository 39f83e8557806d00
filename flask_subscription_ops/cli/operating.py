"""What an operator does by hand: in one transaction, in the database of this deployment and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..actions.arguments import actor_name
from ..actions.context import Context, context_of
from ..models.deployment import require_own, stored_deployment
from .common import runtime

OPERATOR = "operator"


@contextmanager
def operating(actor: str = OPERATOR) -> Iterator[Context]:
    """Give the context of an operator's action, committed at the end; raises Stopped in another's database."""
    work_on = runtime()
    with work_on.writing() as session:
        stored = stored_deployment(session)
        require_own(stored.name if stored else None, work_on.settings)
        yield context_of(work_on, session, actor=actor_name(actor))
