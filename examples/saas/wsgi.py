"""What a server imports: `gunicorn wsgi:app`; `flask --app wsgi` finds it too."""

from __future__ import annotations

from saas import create_app

app = create_app()
