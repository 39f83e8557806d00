"""The doctor looks at everything, whatever of it is broken."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from flask_subscription_ops.reports.doctor import examine

from ..cli.test_usage import run
from ..database.test_faults import CAUSES
from ..hosts import Host, make_host, running_host

SILENT = {"SUBS_ALLOW_TIME_TRAVEL": False}


def found_in(host: Host) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with host.app.app_context():
        for finding in examine(host.subs.runtime):
            found.setdefault(finding.area, []).append(finding.text)
        host.db.engine.dispose()
    return found


@pytest.mark.parametrize(("url", "sentence"), CAUSES.values(), ids=CAUSES)
def test_a_database_that_is_away_is_one_finding_beside_the_others(url: Callable[[], str], sentence: str) -> None:
    host = make_host(url(), without=["contacts"], SUBS_DEPLOYMENT="default", MAIL_DEFAULT_SENDER="us", **SILENT)

    found = found_in(host)

    assert set(found) == {"configuration", "hooks", "mail", "database"}
    [said] = found["database"]
    assert sentence in said
    assert "SECRET" not in said


def test_it_is_one_object_for_a_program_and_ends_with_three() -> None:
    result = run(make_host("postgresql+psycopg://someone:s3cret@127.0.0.1:1/nowhere", **SILENT), "doctor", "--json")

    [finding] = json.loads(result.stdout)["findings"]
    assert (result.exit_code, result.stderr, finding["area"]) == (3, "", "database")
    assert "s3cret" not in finding["text"]
    assert "someone" not in finding["text"]


@contextmanager
def refusing_postgresql(code: str, message: str) -> Iterator[str]:
    """A server that answers everybody with one error (PostgreSQL's protocol, ErrorResponse)."""
    fields = b"SFATAL\0" + f"C{code}\0M{message}\0\0".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(1024)
                    client.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)

        threading.Thread(target=answer, daemon=True).start()
        yield f"postgresql+psycopg://ada:SECRET@127.0.0.1:{server.getsockname()[1]}/shop?sslmode=disable&gssencmode=disable"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        ("28P01", 'password authentication failed for user "ada"', "the server refuses its user or password; correct"),
        ("28000", 'no pg_hba.conf entry for host "10.0.0.1"', "the server refuses its user or password; correct"),
        ("28000", 'role "ada" does not exist', "there is no such user; create the role"),
        ("3D000", 'database "shop" does not exist', "the server has no such database; create it"),
        ("53300", "sorry, too many clients already", "it has no connection left; raise its limit"),
    ],
)
def test_what_postgresql_says_before_there_is_a_session_has_its_own_remedy(
    code: str, message: str, sentence: str
) -> None:
    with refusing_postgresql(code, message) as url:
        [said] = found_in(make_host(url, **SILENT))["database"]

    assert f"cannot be used: {sentence}" in said
    assert "SECRET" not in said


READ_ONLY = {
    "sqlite": lambda url: f"sqlite:///file:{make_url(url).database}?mode=ro&uri=true",
    "postgresql": lambda url: f"{url}?options=-cdefault_transaction_read_only%3Don",
    "mysql": lambda url: f"{url}?init_command=SET+SESSION+TRANSACTION+READ+ONLY",
}


def test_a_database_that_may_only_be_read_is_the_one_finding(database_url: str) -> None:
    with running_host(database_url):
        pass

    found = found_in(make_host(READ_ONLY[make_url(database_url).get_backend_name()](database_url), **SILENT))

    [said] = found.pop("database")
    assert "it is read-only; make it writable for this user" in said
    assert found == {}


def test_the_look_at_the_database_changes_nothing(host: Host) -> None:
    host.trial()
    host.deliver(host.subs.runtime.clock())
    rows = "SELECT name, epoch, adopted_at FROM subs_deployment"
    before = host.db.session.execute(text(rows)).all()
    host.db.session.rollback()

    examine(host.subs.runtime)

    assert host.db.session.execute(text(rows)).all() == before


BROKEN = {
    "a name that is not there": ("Subject: x\n\n{{ nobody }}", "'nobody' is undefined"),
    "no Jinja": ("Subject: x\n\n{% if %}", "line 3"),
    "no subject": ("Hello", "it has no subject"),
}


@pytest.mark.parametrize(("template", "fault"), BROKEN.values(), ids=BROKEN)
def test_an_own_template_that_cannot_be_rendered_is_named(
    make_on_sqlite: Callable[..., Host], tmp_path: Path, template: str, fault: str
) -> None:
    host = make_on_sqlite(**SILENT)
    host.app.root_path, host.app.template_folder = str(tmp_path), "templates"
    folder = tmp_path / "templates/subscription_ops/mail"
    folder.mkdir(parents=True)
    (folder / "trial_reminder.txt").write_text(template)

    [said] = found_in(host)["templates"]

    assert said.startswith("the email 'trial_reminder' cannot be rendered")
    assert fault in said


@pytest.mark.parametrize("key", ["SUBS_EMAILS_OFF", "SUBS_EMAILS_AT_MOST_ONCE"])
def test_a_kind_of_email_that_is_none_is_named_with_those_there_are(
    make_on_sqlite: Callable[..., Host], key: str
) -> None:
    [said] = found_in(make_on_sqlite(**SILENT, **{key: ("trial_remainder",)}))["templates"]

    assert said.startswith(f"{key} names 'trial_remainder', which is no kind of email; there are alert, canceled, ")
