from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from flask_subscription_ops.errors import ConfigurationError, InvalidInput
from flask_subscription_ops.web.access import PaymentRequired

from ..hosts import NOON, Host

NO_KEYS = ["", "x" * 192, "7 ", " 7", "a\0b", "a\nb", "a\ud800b", "a\u200bb"]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSON_CLIENTS: list[dict[str, Any]] = [
    {"headers": {"Accept": "application/json"}},
    {"headers": {"Accept": "application/json, text/plain, */*"}},
    {"headers": {"Accept": "text/html;q=0.5, application/*"}},
    {"json": {"rows": 10}},
]


def dashboard_of(host: Host) -> Flask:
    """Give the host a dashboard that needs access, and say who asks by a query parameter."""
    app, subs = host.app, host.subs
    subs.current_account(lambda: request.args.get("account"))

    @app.get("/dashboard/<int:number>")
    @subs.access_required()
    def dashboard(number: int) -> str:
        """Show the dashboard."""
        return f"dashboard {number}"

    @app.get("/reports")
    @subs.access_required("reports")
    def reports() -> str:
        return "reports"

    @app.get("/billing")
    def billing() -> str:
        return "billing"

    return app


@pytest.fixture
def app(sqlite_host: Host) -> Flask:
    """The app whose `client` asks."""
    return dashboard_of(sqlite_host)


def test_without_its_parentheses_it_is_refused_where_the_view_is_decorated(sqlite_host: Host) -> None:
    def dashboard() -> str:
        return "dashboard"

    with pytest.raises(InvalidInput, match=r"write @subs\.access_required\(\)"):
        sqlite_host.subs.access_required(dashboard)  # type: ignore[arg-type]


@pytest.mark.parametrize("product", ["", "x" * 65, "reports ", "a\nb"])
def test_a_product_that_nobody_can_have_is_refused_where_the_view_is_decorated(sqlite_host: Host, product: str) -> None:
    with pytest.raises(InvalidInput, match="product must"):
        sqlite_host.subs.access_required(product)


def test_nobody_is_asked_to_log_in(client: FlaskClient) -> None:
    assert client.get("/dashboard/1").status_code == 401


def test_an_account_with_access_sees_the_page(sqlite_host: Host, client: FlaskClient) -> None:
    sqlite_host.trial("7")

    answer = client.get("/dashboard/3?account=7")

    assert (answer.status_code, answer.text) == (200, "dashboard 3")


def test_a_host_may_answer_402_with_a_page_of_its_own(app: Flask, client: FlaskClient) -> None:
    @app.errorhandler(PaymentRequired)
    def upgrade(error: PaymentRequired) -> tuple[str, int]:
        return "please upgrade", 402

    answer = client.get("/dashboard/1?account=7")

    assert (answer.status_code, answer.text) == (402, "please upgrade")


@pytest.mark.parametrize("target", [None, "billing"])
@pytest.mark.parametrize("asked", JSON_CLIENTS, ids=str)
def test_a_client_that_prefers_json_is_refused_in_json(
    make_on_sqlite: Callable[..., Host], target: str | None, asked: dict[str, Any]
) -> None:
    client = dashboard_of(make_on_sqlite(SUBS_ACCESS_DENIED=target)).test_client()

    nobody, without_access = client.get("/dashboard/1", **asked), client.get("/dashboard/1?account=7", **asked)

    assert (nobody.status_code, without_access.status_code) == (401, 402)
    assert nobody.json == {"error": "unauthorized", "message": "Nobody is logged in."}
    assert without_access.json == {"error": "payment_required", "message": "This needs a subscription."}


@pytest.mark.parametrize("accept", [None, "*/*", BROWSER, "text/html, application/json", "image/png"])
def test_everybody_else_is_refused_with_a_page(client: FlaskClient, accept: str | None) -> None:
    for path in ("/dashboard/1", "/dashboard/1?account=7"):
        assert client.get(path, headers={"Accept": accept} if accept else {}).mimetype == "text/html"


def test_a_host_has_the_last_word_on_json_too(app: Flask, client: FlaskClient) -> None:
    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[dict[str, Any], int]:
        return {"detail": error.description}, 418

    answer = client.get("/dashboard/1?account=7", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json) == (418, {"detail": "This needs a subscription."})


def test_an_account_without_a_subscription_is_asked_to_pay(client: FlaskClient) -> None:
    assert client.get("/dashboard/1?account=7").status_code == 402


def test_an_account_whose_subscription_has_ended_is_asked_to_pay(sqlite_host: Host, client: FlaskClient) -> None:
    sqlite_host.trial("7")
    sqlite_host.check(NOON.replace(day=20))

    assert client.get("/dashboard/1?account=7").status_code == 402


def test_access_to_one_product_opens_no_other(sqlite_host: Host, client: FlaskClient) -> None:
    sqlite_host.trial("7")
    sqlite_host.trial("8", product="reports")

    assert client.get("/reports?account=7").status_code == 402
    assert client.get("/reports?account=8").status_code == 200


@pytest.mark.parametrize(
    ("target", "location"),
    [("billing", "/billing"), ("/upgrade", "/upgrade"), ("https://pay.example/?a=1", "https://pay.example/?a=1")],
)
def test_access_denied_leads_to_an_endpoint_or_a_url(
    make_on_sqlite: Callable[..., Host], target: str, location: str
) -> None:
    client = dashboard_of(make_on_sqlite(SUBS_ACCESS_DENIED=target)).test_client()

    answer = client.get("/dashboard/1?account=7")

    assert (answer.status_code, answer.location) == (302, location)
    assert client.get("/dashboard/1").status_code == 401


def test_a_guarded_view_keeps_its_name_and_its_words(app: Flask) -> None:
    view = app.view_functions["dashboard"]

    assert (view.__name__, view.__doc__) == ("dashboard", "Show the dashboard.")


def test_a_view_can_be_guarded_before_there_is_an_app() -> None:
    from flask_subscription_ops import SubscriptionOps

    guarded = SubscriptionOps().access_required()(lambda: "page")

    assert callable(guarded)


def test_a_host_that_does_not_say_who_asks_is_told_how(sqlite_host: Host) -> None:
    view = sqlite_host.subs.access_required()(lambda: "page")

    with pytest.raises(ConfigurationError, match=r"decorate a function\(\) with @subs\.current_account"):
        view()


@pytest.mark.parametrize("account", NO_KEYS)
def test_an_account_by_a_key_that_none_can_have_is_asked_to_pay(
    sqlite_host: Host, client: FlaskClient, account: str
) -> None:
    sqlite_host.subs.current_account(lambda: account)

    assert client.get("/dashboard/1").status_code == 402


@pytest.mark.parametrize("account", [7, True, b"7"])
def test_an_account_that_is_no_string_is_refused_before_it_matches_nothing(sqlite_host: Host, account: Any) -> None:
    sqlite_host.subs.current_account(lambda: account)

    with pytest.raises(InvalidInput, match="must return a string or None"):
        sqlite_host.subs.access_required()(lambda: "page")()
