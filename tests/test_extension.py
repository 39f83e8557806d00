from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, select

from flask_subscription_ops import SubscriptionOps, current_subs
from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.models import Base, Subscription

from .hosts import CONFIG, NOON, Host, make_host

TABLES = {
    "subs_subscriptions",
    "subs_invoices",
    "subs_payments",
    "subs_outbox",
    "subs_audit",
    "subs_job_runs",
    "subs_webhook_events",
    "subs_deployment",
}


def make_app(**config: Any) -> Flask:
    app = Flask("host")
    app.config.update({**CONFIG, "SQLALCHEMY_DATABASE_URI": "sqlite://", **config})
    return app


def problems_of(subs: SubscriptionOps, app: Flask, db: Any = None) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        subs.init_app(app, db)
    return refused.value.problems


def works(app: Flask, db: SQLAlchemy, subs: SubscriptionOps) -> bool:
    with app.app_context():
        db.create_all()
        subs.start_trial("1", "pro")
        db.session.commit()
        found = subs.has_access("1")
        db.session.remove()
        db.engine.dispose()
    return found


@pytest.mark.parametrize("way", ["constructor", "constructor with db", "init_app", "init_app with db", "db kept"])
def test_every_way_of_wiring_is_equal(way: str) -> None:
    app, db = make_app(), SQLAlchemy()
    db.init_app(app)

    if way.startswith("constructor"):
        subs = SubscriptionOps(app, db) if way.endswith("db") else SubscriptionOps(app)
    else:
        subs = SubscriptionOps(db=db) if way == "db kept" else SubscriptionOps()
        subs.init_app(app, db) if way.endswith("with db") else subs.init_app(app)

    assert works(app, db, subs)
    assert app.cli.commands.keys() >= {"subs"}


def test_the_hosts_metadata_gains_our_tables_once_and_keeps_its_own() -> None:
    db, subs = SQLAlchemy(), SubscriptionOps()
    db.Table("companies", db.Column("id", db.Integer, primary_key=True))

    for _ in range(2):
        app = make_app()
        db.init_app(app)
        subs.init_app(app)

    assert set(db.metadata.tables) == {"companies", *TABLES}
    assert set(Base.metadata.tables) == TABLES


def test_a_second_create_app_with_the_same_objects_works() -> None:
    db, subs = SQLAlchemy(), SubscriptionOps()

    for _ in range(2):
        app = make_app()
        db.init_app(app)
        subs.init_app(app)
        assert works(app, db, subs)


def test_several_apps_of_one_object_keep_their_databases_settings_and_clocks_apart() -> None:
    db, subs = SQLAlchemy(), SubscriptionOps()
    first, second = make_app(), make_app(SUBS_DEPLOYMENT="second")
    for app in (first, second):
        db.init_app(app)
        subs.init_app(app)

    assert works(first, db, subs)
    with second.app_context():
        db.create_all()
        assert subs.get("1") is None
        assert subs.settings.deployment == "second"
        db.session.remove()
        db.engine.dispose()


def test_several_apps_with_objects_of_their_own_work_side_by_side() -> None:
    hosts = [(make_app(), SQLAlchemy(), SubscriptionOps()) for _ in range(2)]
    for app, db, subs in hosts:
        db.init_app(app)
        subs.init_app(app)

    assert [works(*host) for host in hosts] == [True, True]
    for app, _, subs in hosts:
        with app.app_context():
            assert current_subs == subs


def test_a_second_init_app_on_one_app_is_refused() -> None:
    app, db, subs = make_app(), SQLAlchemy(), SubscriptionOps()
    db.init_app(app)
    subs.init_app(app)

    assert problems_of(subs, app) == ("SubscriptionOps is initialised on this app already: call init_app once",)
    assert problems_of(SubscriptionOps(), app) == problems_of(subs, app)
    assert works(app, db, subs)


def test_an_app_without_a_database_is_refused_with_the_order_to_keep() -> None:
    (problem,) = problems_of(SubscriptionOps(), make_app())

    assert problem.endswith("call db.init_app(app) before subs.init_app(app)")


def test_a_database_of_another_app_is_refused() -> None:
    app = make_app()
    SQLAlchemy().init_app(app)

    (problem,) = problems_of(SubscriptionOps(), app, SQLAlchemy())

    assert problem.startswith("the db given is not the one initialised on this app")


def test_every_problem_of_order_settings_and_hooks_is_listed_at_once() -> None:
    subs = SubscriptionOps()
    subs.contacts(lambda: {})
    subs.suspend_workspaces(lambda account_id: None)

    found = problems_of(subs, make_app(SUBS_TRIAL_DAYS=0, SUBS_TRAIL_DAYS=1))

    assert [problem.split()[0:2] for problem in found] == [
        ["no", "database"],
        ["SUBS_TRIAL_DAYS", "must"],
        ["SUBS_TRAIL_DAYS", "is"],
        ["the", "contacts"],
        ["the", "suspend_workspaces"],
    ]


def test_an_app_that_was_refused_is_left_as_it_was() -> None:
    app, db, subs = make_app(SUBS_TRIAL_DAYS=0), SQLAlchemy(), SubscriptionOps()
    db.init_app(app)
    problems_of(subs, app)

    app.config["SUBS_TRIAL_DAYS"] = 14
    subs.init_app(app)

    assert works(app, db, subs)


def test_a_wrong_hook_fails_at_once_when_the_app_is_in_use(sqlite_host: Host) -> None:
    with pytest.raises(ConfigurationError, match=r"the contacts hook takes \(account_ids\)"):

        @sqlite_host.subs.contacts
        def contacts() -> Any: ...


def test_a_hook_registered_twice_is_called_once(sqlite_host: Host) -> None:
    calls: list[str] = []

    def suspend(account_id: str, operation: Any) -> None:
        calls.append(account_id)

    sqlite_host.subs.suspend_workspaces(suspend)
    sqlite_host.subs.suspend_workspaces(suspend)
    sqlite_host.trial("1", days=1)
    sqlite_host.check(NOON.replace(day=3))

    assert calls == ["1"]
    assert sqlite_host.stopped == []


def test_a_decorated_hook_is_still_the_hosts_function() -> None:
    subs = SubscriptionOps()

    def hook(*arguments: Any) -> None: ...

    decorators = [subs.contacts, subs.suspend_workspaces, subs.resume_workspaces, subs.workspaces, subs.usage]
    assert all(decorate(hook) is hook for decorate in decorators)


def test_current_subs_is_the_apps_own(sqlite_host: Host) -> None:
    assert current_subs == sqlite_host.subs
    assert current_subs.get("1") is None


def test_current_subs_on_an_app_without_the_extension_says_what_is_missing() -> None:
    with make_app().app_context(), pytest.raises(ConfigurationError, match=r"call subs\.init_app\(app\)"):
        current_subs.get("1")


def test_templates_know_the_current_accounts_subscription(sqlite_host: Host) -> None:
    account: list[str | None] = ["1"]
    sqlite_host.subs.current_account(lambda: account[0])
    sqlite_host.trial("1")
    page = "{{ subscription.status if subscription else 'none' }}"

    shown = []
    for account[0] in ("1", "2", None):
        with sqlite_host.app.test_request_context():
            shown.append(render_template_string(page))

    assert shown == ["trialing", "none", "none"]


def test_a_template_that_does_not_ask_costs_no_lookup(sqlite_host: Host) -> None:
    def nobody() -> str:
        raise AssertionError("asked without need")

    sqlite_host.subs.current_account(nobody)

    with sqlite_host.app.test_request_context():
        assert render_template_string("hello") == "hello"


def test_a_hosts_own_variable_called_subscription_wins(sqlite_host: Host) -> None:
    with sqlite_host.app.test_request_context():
        assert render_template_string("{{ subscription }}", subscription="ours") == "ours"


def test_a_host_with_its_own_naming_convention_has_the_packages_names(host: Host) -> None:
    convention = {"ix": "my_ix_%(column_0_label)s", "uq": "my_uq_%(column_0_name)s", "ck": "my_ck_%(constraint_name)s"}
    url = host.app.config["SQLALCHEMY_DATABASE_URI"]
    app, db = make_app(SQLALCHEMY_DATABASE_URI=url), SQLAlchemy(metadata=MetaData(naming_convention=convention))
    db.init_app(app)
    SubscriptionOps(app)

    def names(metadata: MetaData) -> set[str]:
        tables = metadata.tables.values()
        return {str(thing.name) for table in tables for thing in (*table.constraints, *table.indexes)}

    assert names(db.metadata) == names(Base.metadata) == names(host.db.metadata)
    with app.app_context():
        db.drop_all()
        db.create_all()
        db.engine.dispose()


def test_a_bind_that_is_not_declared_is_a_problem() -> None:
    code = """
        from flask import Flask
        from flask_sqlalchemy import SQLAlchemy
        from flask_subscription_ops import SubscriptionOps
        app, db = Flask("host"), SQLAlchemy()
        app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SUBS_BIND_KEY="billing")
        db.init_app(app)
        try:
            SubscriptionOps(app)
        except Exception as error:
            print(error.problems[0])
    """

    assert run_alone(code).startswith("SUBS_BIND_KEY 'billing' is not in SQLALCHEMY_BINDS")


def test_apps_of_one_process_cannot_use_different_binds(sqlite_host: Host) -> None:
    app = make_app(SUBS_BIND_KEY="billing", SQLALCHEMY_BINDS={"billing": "sqlite://"})
    SQLAlchemy().init_app(app)

    (problem,) = problems_of(SubscriptionOps(), app)

    assert problem.startswith("SUBS_BIND_KEY 'billing' differs from None of another app")


def test_our_tables_live_in_the_database_of_their_bind(database_url: str, tmp_path: Path) -> None:
    code = f"""
        from sqlalchemy import inspect
        from tests.hosts import NOON, days, make_host
        host = make_host("sqlite:///{tmp_path}/host.db", SUBS_BIND_KEY="billing",
                         SQLALCHEMY_BINDS={{"billing": {database_url!r}}})
        db = host.db
        class Company(db.Model):
            id = db.Column(db.Integer, primary_key=True)
        with host.app.app_context():
            db.create_all()
            db.session.add(Company())
            host.trial("1")
            host.check(NOON + days(14))
            print(inspect(db.engines[None]).get_table_names())
            print(sorted(inspect(db.engines["billing"]).get_table_names()))
            print(host.kinds, host.stopped, host.subs.get("1").status)
    """

    ours, billing, life = run_alone(code).splitlines()

    assert ours == "['company']"
    assert billing == str(sorted(TABLES))
    assert life == "['trial_expired'] ['1'] expired"


def test_services_see_the_hosts_session_and_no_other(sqlite_host: Host) -> None:
    sqlite_host.at(NOON)
    trial = sqlite_host.subs.start_trial("1", "pro")

    assert trial in sqlite_host.db.session
    assert sqlite_host.subs.get("1") is trial
    assert sqlite_host.db.session.scalars(select(Subscription)).all() == [trial]


def test_a_host_is_made_without_touching_its_database(tmp_path: Path) -> None:
    make_host(f"sqlite:///{tmp_path / 'none' / 'such.db'}")

    assert not (tmp_path / "none").exists()


def run_alone(code: str) -> str:
    """Run a program in a process of its own, as what it does lasts as long as a process."""
    lines = code.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    program = "\n".join(line[indent:] for line in lines)
    root = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
