"""Configuration from the environment; with nothing set, everything lives in the instance folder."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

PLANS = {
    "starter": {
        "name": "Starter",
        "price": 1900,
        "currency": "EUR",
        "interval": "month",
        "trial_days": 14,
        "limits": {"seats": 5},
    },
    "pro": {
        "name": "Pro",
        "price": 4900,
        "currency": "EUR",
        "interval": "month",
        "trial_days": 14,
        "limits": {"seats": 50},
    },
}


def from_environment(instance: Path) -> dict[str, Any]:
    """Return the app's configuration."""
    return {
        "SECRET_KEY": _secret("SECRET_KEY") or _key_kept_in(instance / "secret_key"),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": _flag("SESSION_COOKIE_SECURE"),
        "SQLALCHEMY_DATABASE_URI": _secret("DATABASE_URL") or "sqlite:///saas.db",
        **_mail(instance),
        "SUBS_PLANS": PLANS,
        "SUBS_DEPLOYMENT": os.environ.get("SUBS_DEPLOYMENT", "development"),
        "SUBS_ALLOW_TIME_TRAVEL": _flag("SUBS_ALLOW_TIME_TRAVEL"),
        "SUBS_ACCESS_DENIED": "billing.show",
        "SUBS_MAIL_CONTEXT": {
            "app_name": "Saas",
            "billing_url": os.environ.get("PUBLIC_URL", "http://127.0.0.1:5000") + "/billing/",
        },
    }


def _mail(instance: Path) -> dict[str, Any]:
    """Send by SMTP where a server is named; otherwise leave every email as an .eml file."""
    return {
        "MAIL_SERVER": os.environ.get("MAIL_SERVER", "127.0.0.1"),
        "MAIL_PORT": int(os.environ.get("MAIL_PORT", "25")),
        "MAIL_USE_TLS": _flag("MAIL_USE_TLS"),
        "MAIL_USERNAME": os.environ.get("MAIL_USERNAME"),
        "MAIL_PASSWORD": _secret("MAIL_PASSWORD"),
        "MAIL_DEFAULT_SENDER": os.environ.get("MAIL_DEFAULT_SENDER", "billing@saas.example.com"),
        "SUBS_MAIL": "smtp" if "MAIL_SERVER" in os.environ else "file",
        "SUBS_MAIL_DIR": os.environ.get("MAIL_DIR", str(instance / "mail")),
    }


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def _secret(name: str) -> str | None:
    """Return a secret from the file that NAME_FILE names, else from systemd's credential, else from NAME itself."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text("utf-8").strip()
    credential = Path(os.environ.get("CREDENTIALS_DIRECTORY", os.devnull), name.lower().replace("_", "-"))
    return credential.read_text("utf-8").strip() if credential.is_file() else os.environ.get(name)


def _key_kept_in(path: Path) -> str:
    """Return the key in `path`, made on first use, so that logins outlive a restart and all workers agree."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(), "utf-8")
        with suppress(FileExistsError):  # another worker was faster: its key is everybody's
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text("utf-8")
