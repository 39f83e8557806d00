"""Settings: read once from `app.config`, frozen, typed."""

from .keys import KEYS, Settings
from .read import read_settings

__all__ = ["KEYS", "Settings", "read_settings"]
