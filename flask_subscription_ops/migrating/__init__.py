"""What `flask db migrate` writes about our tables beside what Alembic compares by itself; loaded only with Alembic."""

from .compare import complete

__all__ = ["complete"]
