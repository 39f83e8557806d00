from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, inspect

HOST = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from flask_subscription_ops import SubscriptionOps

db = SQLAlchemy({metadata})
migrate = Migrate({migrate})
subs = SubscriptionOps()


class Company(db.Model):
    __tablename__ = "companies"
    __table_args__ = (db.CheckConstraint("name <> ''", name="named"),)
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), unique=True, index=True, nullable=False)


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
    db.init_app(app)
    migrate.init_app(app, db)
    {wire}
    return app
"""
WIRE = "subs.init_app(app)"
CONVENTION = """metadata=MetaData(naming_convention={
    "ix": "my_ix_%(column_0_label)s", "uq": "my_uq_%(table_name)s_%(column_0_name)s",
    "ck": "my_ck_%(table_name)s_%(constraint_name)s", "pk": "my_pk_%(table_name)s"})"""
OURS = {
    "subs_subscriptions",
    "subs_invoices",
    "subs_payments",
    "subs_outbox",
    "subs_audit",
    "subs_job_runs",
    "subs_webhook_events",
    "subs_deployment",
}


class Project:
    """A host on disk that runs `flask db` as its team does."""

    def __init__(self, folder: Path, url: str, metadata: str = "", migrate: str = "") -> None:
        self.folder, self.url, self.metadata, self.migrate = folder, url, metadata, migrate

    def write(self, wire: str) -> None:
        (self.folder / "host.py").write_text(
            HOST.format(metadata=self.metadata, migrate=self.migrate, url=self.url, wire=wire)
        )

    def flask(self, *arguments: str) -> str:
        return self.run("-m", "flask", *arguments)

    def run(self, *arguments: str) -> str:
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": f"{root}:{self.folder}", "FLASK_APP": "host"}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=environment, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def create_all(self) -> None:
        """Make the tables as a host that has them already, in a process of its own."""
        self.run("-c", "from host import create_app, db; create_app().app_context().push(); db.create_all()")

    def migration(self) -> str:
        return "".join(path.read_text() for path in (self.folder / "migrations" / "versions").glob("*.py"))

    def tables(self) -> set[str]:
        engine = create_engine(self.url)
        found = set(inspect(engine).get_table_names())
        engine.dispose()
        return found


def add_subscriptions(project: Project) -> None:
    """Let a host that has its own tables already migrate to ours, and see that it is done in one step."""
    project.write(wire="pass")
    project.create_all()
    project.write(WIRE)

    project.flask("db", "init")
    project.flask("db", "migrate", "-m", "Add subscriptions")
    project.flask("db", "upgrade")

    migration = project.migration()
    assert project.tables() == {"companies", "alembic_version", *OURS}
    assert "companies" not in migration
    assert "flask_subscription_ops" not in migration
    assert all(migration.count(f"op.create_table('{table}'") == 1 for table in OURS)
    assert migration.count("sqlite_autoincrement=True") == len(OURS)
    assert "No new upgrade operations detected" in project.flask("db", "check")


def test_a_host_with_a_naming_convention_migrates_once_and_then_finds_nothing(
    database_url: str, tmp_path: Path
) -> None:
    add_subscriptions(Project(tmp_path, database_url, CONVENTION))


def test_a_host_without_one_does_so_too(sqlite_url: str, tmp_path: Path) -> None:
    add_subscriptions(Project(tmp_path, sqlite_url))


def test_the_migration_can_be_taken_back(sqlite_url: str, tmp_path: Path) -> None:
    project = Project(tmp_path, sqlite_url)
    project.write(WIRE)
    for command in (["init"], ["migrate"], ["upgrade"], ["downgrade"]):
        project.flask("db", *command)

    assert project.tables() == {"alembic_version"}
