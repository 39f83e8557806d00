"""Which answers of an HTTP server say for certain that nothing was done."""

from __future__ import annotations

from http import HTTPStatus

# The 4xx that HTTP defines. Others are made up on the way, as 499 by a proxy whose client left while the server worked;
# 3xx says nothing about the work, and a server that failed (5xx) may have failed after it.
NOT_DONE = frozenset(int(status) for status in HTTPStatus if 400 <= status < 500)
