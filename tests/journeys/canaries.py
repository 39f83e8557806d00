"""What must never be told, and how a test looks for it."""

from __future__ import annotations

ADDRESS, NAME, METHOD = "canary.ada@customer.example", "Canary Lovelace", "pm_canary_card"
PASSWORD, KEY, SECRET, TOKEN = (
    "canary-password",
    "canary-api-key",
    "canary-api-secret",
    "canary-signing-secret-0123456789",
)
SAID = f'550 5.1.1 <{ADDRESS}> "{ADDRESS}"\nsmtp://me:{PASSWORD}@mail.example https://api.example/?api_key={KEY}'
CONFIG = {
    "SUBS_MAILJET_API_KEY": KEY,
    "SUBS_MAILJET_API_SECRET": SECRET,
    "SUBS_WORKSPACES_SECRETS": [TOKEN],
    "MAIL_USERNAME": "me",
    "MAIL_PASSWORD": PASSWORD,
    "MAIL_SERVER": "127.0.0.1",
    "SUBS_MAIL_TIMEOUT": 1,
    "SUBS_HOOK_TIMEOUT": 1,
}


def assert_no_canary(told: str) -> None:
    for canary in (ADDRESS, "canary.ada", "Canary", NAME, METHOD, PASSWORD, KEY, SECRET, TOKEN):
        assert canary not in told
