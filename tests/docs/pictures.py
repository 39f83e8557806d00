"""Take the pictures of docs/reference/emails.md anew: part of `make pictures`. It needs Chromium and pngquant."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from ..hosts import PLANS, make_host
from .pages import DOCS

CONTEXT = {
    "app_name": "Acme Cloud",
    "app_url": "https://acme.example.com/",
    "billing_url": "https://acme.example.com/billing/",
    "support_email": "help@acme.example.com",
    "postal_address": ["Acme Ltd", "1 High Street, London"],
}
TOOLS = ("chromium", "pngquant")
DARK, LIGHT = 0, 1  # as Chromium counts them
PHONE = 360  # pixels
PICTURES = {  # the emails side by side, how wide each is, how high all are, and in which light
    "reminder": (["trial_reminder en_GB"], 640, 610, LIGHT),
    "phones-light": (["trial_expired ru", "canceled en_GB"], PHONE, 800, LIGHT),
    "phones-dark": (["trial_started en_GB", "trial_reminder tr"], PHONE, 780, DARK),
}


def main() -> None:
    plans = {"pro": {**PLANS["pro"], "name": "Pro"}}
    app = make_host("sqlite://", SUBS_PLANS=plans, SUBS_MAIL_CONTEXT=CONTEXT).app
    renderer = app.extensions["subscription_ops.runtime"].renderer
    for name, (emails, width, height, light) in PICTURES.items():
        pages = [renderer.render(renderer.sample(*email.split())).html for email in emails]
        take(pages, f"email-{name}", width, height, light)


def side_by_side(pages: Sequence[str], width: int, height: int) -> str:
    frames = (f'<iframe srcdoc="{escape(page)}" width="{width}" height="{height}"></iframe>' for page in pages)
    style = "<style>body { margin: 0; display: flex } iframe { border: 0 }</style>"
    return f'<!doctype html><meta charset="utf-8">{style}{"".join(frames)}'


def take(pages: Sequence[str], name: str, width: int, height: int, light: int) -> None:
    """Take one picture of the pages, each `width` and all `height` pixels large, into docs/images."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        sys.exit(f"there is no {' and no '.join(missing)}")
    picture = DOCS / "images" / f"{name}.png"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(side_by_side(pages, width, height), "utf-8")
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-lcd-text",
            f"--user-data-dir={folder}/profile",
            f"--blink-settings=preferredColorScheme={light}",
            f"--window-size={len(pages) * width},{height}",
            f"--screenshot={picture}",
        ]
        subprocess.run(["chromium", *flags, path.as_uri()], check=True, capture_output=True)
    subprocess.run(["pngquant", "32", "--force", "--strip", "--output", picture, picture], check=True)


if __name__ == "__main__":
    main()
