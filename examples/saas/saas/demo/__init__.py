"""`flask demo ...`: a few hundred generated companies, and a guided tour through what happens to them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import click
from flask.cli import AppGroup

commands = AppGroup("demo", help="Generated companies and a guided tour.")


@commands.command()
@click.option("--companies", default=300, show_default=True, type=click.IntRange(1, 10_000), help="How many to make.")
def seed(companies: int) -> None:
    """Fill an empty database with companies in every situation."""
    from .seed import fill

    counts = fill(companies, datetime.now(timezone.utc))
    for situation, count in counts.items():
        click.echo(f"{count:>6}  {situation}")


@commands.command()
def summary() -> None:
    """Tell what the extension has done to the companies."""
    from .summary import lines

    for line in lines():
        click.echo(line)


@commands.command(with_appcontext=False)
@click.option(
    "--folder",
    default="build/demo",
    show_default=True,
    type=click.Path(path_type=Path, resolve_path=True),
    help="Made anew.",
)
def run(folder: Path) -> None:
    """Walk through one night of trial-check on a database of its own."""
    from .tour import Tour

    Tour(folder).walk()
