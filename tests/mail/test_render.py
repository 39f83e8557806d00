from __future__ import annotations

import html.parser
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings

from flask_subscription_ops.domain.clock import to_text
from flask_subscription_ops.domain.contacts import Contact
from flask_subscription_ops.errors import ConfigurationError, PermanentFailure, TemporaryFailure
from flask_subscription_ops.mail.base import Email
from flask_subscription_ops.mail.letters.render import Notice, Renderer
from flask_subscription_ops.mail.mime import to_bytes

from .test_mime import HEADERS, HOSTILE, parsed

KINDS = ["canceled", "subscribed", "trial_expired", "trial_reminder", "trial_started"]
Render = Callable[..., Email]


@pytest.fixture
def renderer(app: Flask, make_settings: Callable[..., Any]) -> Renderer:
    return Renderer(app, make_settings(mail_context={"product_name": "Acme", "billing_url": "https://acme.test/pay"}))


@pytest.fixture
def render(renderer: Renderer) -> Render:
    """Render a sample whose contact and details were changed."""

    def render(
        kind: str = "trial_reminder", details: Mapping[str, object] | None = None, at: str = "", **contact: str
    ) -> Email:
        notice = renderer.sample(kind)
        notice = replace(
            notice,
            contact=replace(notice.contact, **contact),
            details={**notice.details, **(details or {})},
            at=datetime.fromisoformat(at) if at else notice.at,
        )
        return renderer.render(notice)

    return render


def template(app: Flask, tmp_path: Path, name: str, text: str) -> None:
    """Put a template of the host's in its place."""
    app.template_folder = str(tmp_path / "templates")
    path = tmp_path / "templates" / "subscription_ops" / "mail" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_there_is_a_text_for_every_kind(renderer: Renderer) -> None:
    assert set(renderer.kinds()) >= set(KINDS)


@pytest.mark.parametrize("locale", ["en", "ru", "tr"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_said_in_every_language_in_text_and_html(renderer: Renderer, kind: str, locale: str) -> None:
    notice = renderer.sample(kind, locale)

    email = renderer.render(notice)

    assert "Acme" in email.subject
    for body in (email.text, email.html):
        assert notice.contact.name in body
        assert "https://acme.test/pay" in body
        assert "{" not in body.split("</style>")[-1]
    assert f'<html lang="{locale}">' in email.html
    assert tags_are_balanced(email.html)


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_languages_say_the_same(renderer: Renderer, kind: str) -> None:
    subjects = {renderer.render(renderer.sample(kind, locale)).subject for locale in ("en", "ru", "tr")}

    assert len(subjects) == 3


def test_the_same_notice_is_the_same_bytes(app: Flask, make_settings: Callable[..., Any]) -> None:
    first, second = (Renderer(app, make_settings()) for _ in range(2))
    notice = first.sample("trial_reminder", "ru")

    assert to_bytes(first.render(notice)) == to_bytes(second.render(notice))


def test_an_email_tells_which_effect_it_is(render: Render) -> None:
    email = render()

    assert email.headers == {"X-Subs-Effect": email.key, "Auto-Submitted": "auto-generated"}
    assert email.message_id.endswith("@acme.test>")
    assert email.date == datetime(2026, 12, 1, 9, tzinfo=timezone.utc)


def test_another_effect_has_another_message_id(renderer: Renderer) -> None:
    notice = renderer.sample("subscribed")

    assert renderer.render(notice).message_id != renderer.render(replace(notice, key="other")).message_id


@pytest.mark.parametrize(
    ("at", "zone", "subject"),
    [
        ("2026-11-27T09:00:00+00:00", "UTC", "in 7 days"),
        ("2026-12-03T09:00:00+00:00", "UTC", "tomorrow"),
        ("2026-12-03T23:59:00+00:00", "UTC", "tomorrow"),
        ("2026-12-04T00:00:00+00:00", "UTC", "today"),
        ("2026-12-03T23:59:00+00:00", "Asia/Tokyo", "today"),
        ("2026-12-09T09:00:00+00:00", "UTC", "today"),
    ],
)
def test_days_are_counted_on_the_contacts_calendar(render: Render, at: str, zone: str, subject: str) -> None:
    email = render(details={"trial_ends_at": "2026-12-04T12:00:00Z"}, at=at, timezone=zone)

    assert email.subject == f"Your Acme trial ends {subject}"


def test_an_instant_is_told_in_the_contacts_zone(render: Render) -> None:
    email = render(details={"trial_ends_at": "2026-12-04T22:30:00Z"}, timezone="Asia/Tokyo")

    assert "December 5, 2026 at 7:30 AM (Tokyo)" in email.text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "x" * 10_000, "\x00"])
def test_an_unknown_zone_falls_back_to_the_apps(app: Flask, make_settings: Callable[..., Any], zone: str) -> None:
    renderer = Renderer(app, make_settings(timezone="Asia/Tokyo"))
    notice = renderer.sample("trial_reminder")

    email = renderer.render(replace(notice, contact=replace(notice.contact, timezone=zone)))

    assert "(Tokyo)" in email.text


@pytest.mark.parametrize(
    ("locale", "language"),
    [("tr-TR", "tr"), ("ru_RU", "ru"), ("RU", "ru"), ("en_GB", "en"), ("pt_BR", "en"), ("", "en"), ("../ru", "en")],
)
def test_a_locale_counts_by_its_language_and_falls_back_to_english(render: Render, locale: str, language: str) -> None:
    assert f'<html lang="{language}">' in render(locale=locale).html


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "price"),
    [
        (4900, "EUR", "en", "€49.00"),
        (199990, "TRY", "tr", "₺1.999,90"),
        (199990, "RUB", "ru", "1 999,90 ₽"),
        (500, "JPY", "en", "¥500"),
        (1500, "KWD", "en", "KWD 1.500"),
        (1500, "IQD", "en", "IQD 1.500"),
        (0, "USD", "en", "pro is free."),
        (0, "TRY", "tr", "pro planı: ücretsiz."),
        (0, "RUB", "ru", "Тариф pro — бесплатно."),
    ],
)
def test_a_price_has_its_currencys_own_decimals(
    render: Render, amount: int, currency: str, locale: str, price: str
) -> None:
    email = render("subscribed", {"amount": amount, "currency": currency}, locale=locale)

    assert price in email.text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("interval", "count", "locale", "phrase"),
    [
        ("month", 1, "en", "€49.00 per month"),
        ("month", 3, "en", "€49.00 every 3 months"),
        ("year", 1, "en", "€49.00 per year"),
        ("week", 2, "en", "€49.00 every 2 weeks"),
        ("day", 30, "en", "€49.00 every 30 days"),
        ("month", 3, "ru", "49,00 € за 3 месяца"),
        ("year", 5, "ru", "49,00 € за 5 лет"),
        ("month", 3, "tr", "3 ayda bir €49,00"),
    ],
)
def test_a_price_says_how_often(render: Render, interval: str, count: int, locale: str, phrase: str) -> None:
    email = render("subscribed", {"interval": interval, "interval_count": count}, locale=locale)

    assert phrase in email.text.replace("\xa0", " ")


def test_what_is_not_known_is_not_mentioned(render: Render) -> None:
    email = render("trial_started", {"amount": None, "currency": None})

    assert "After the trial" not in email.text


def test_a_cancellation_says_that_access_has_ended(render: Render) -> None:
    assert "Your access has ended" in render("canceled").text


def test_a_contact_without_a_name_is_greeted_all_the_same(render: Render) -> None:
    assert render(name="").text.startswith("Hello,\n")


def test_a_contact_from_nullable_columns_is_written_to_in_english(renderer: Renderer) -> None:
    notice = renderer.sample("subscribed")
    nothing: Any = None
    contact = Contact("a@example.com", nothing, nothing, nothing)

    email = renderer.render(replace(notice, contact=contact))

    assert email.text.startswith("Hello,\n")
    with pytest.raises(PermanentFailure):
        renderer.render(replace(notice, contact=replace(contact, email=nothing)))


def test_the_only_product_goes_by_the_apps_name(app: Flask, make_settings: Callable[..., Any]) -> None:
    renderer = Renderer(app, make_settings(mail_context={"app_name": "Acme Cloud"}))

    assert renderer.render(renderer.sample("subscribed")).subject == "Your Acme Cloud subscription is active"


@pytest.mark.parametrize("kind", ["trial_started", "trial_reminder", "trial_expired", "subscribed", "canceled"])
@pytest.mark.parametrize(("declared", "shown"), [("pro", "Pro <50>"), ("plus", "pro")])
def test_a_plan_goes_by_its_name_and_one_that_is_not_sold_any_more_by_its_key(
    app: Flask, make_settings: Callable[..., Any], kind: str, declared: str, shown: str
) -> None:
    renderer = Renderer(app, make_settings(plans={declared: SimpleNamespace(name="Pro <50>")}))

    email = renderer.render(renderer.sample(kind))

    assert f"Your {shown} " in email.text
    assert f"Your {escape(shown)} " in email.html


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(name=HOSTILE, product=HOSTILE, plan=HOSTILE, account=HOSTILE)
def test_hostile_names_reach_no_header_and_the_email_goes_out(
    renderer: Renderer, name: str, product: str, plan: str, account: str
) -> None:
    notice = renderer.sample("trial_reminder")
    hostile = replace(
        notice,
        contact=replace(notice.contact, name=name),
        account_id=account,
        details={**notice.details, "product": product, "plan": plan, "product_name": product},
    )

    email = renderer.render(hostile)

    assert parsed(to_bytes(email)).keys() == HEADERS
    assert not set(email.text + email.html + email.subject) & set("\r\x00\x85\u2028\u2029\u202e\u2066")
    assert len(email.recipient_name) <= 80


def test_a_name_is_text_in_html_and_in_templates(render: Render) -> None:
    email = render(name="<script>alert(1)</script> {{ 7 * 7 }} %(x)s")

    assert "<script>" not in email.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }} %(x)s" in email.html
    assert "{{ 7 * 7 }} %(x)s" in email.text


@pytest.mark.parametrize("address", ["", "a@b, c@d", "x <a@b>", "a@b\r\nBcc: c@d"])
def test_an_address_that_is_not_one_mailbox_is_a_permanent_failure(render: Render, address: str) -> None:
    with pytest.raises(PermanentFailure):
        render(email=address)


@pytest.mark.parametrize(
    ("own", "default", "sender"),
    [
        (None, "billing@acme.test", "billing@acme.test"),
        (None, ("Acme", "billing@acme.test"), '"Acme" <billing@acme.test>'),
        (None, "Şirket <billing@acme.test>", '"Şirket" <billing@acme.test>'),
        ("subs@acme.test", "billing@acme.test", "subs@acme.test"),
        (("Subs", "subs@acme.test"), None, '"Subs" <subs@acme.test>'),
    ],
)
def test_the_sender_is_ours_or_flask_mails(
    app: Flask, make_settings: Callable[..., Any], own: Any, default: Any, sender: str
) -> None:
    app.config["MAIL_DEFAULT_SENDER"] = default

    assert Renderer(app, make_settings(mail_sender=own)).sender == sender


@pytest.mark.parametrize("default", [None, "", "nobody", "a@b, c@d", ("Acme", "")])
def test_without_a_sender_the_remedy_is_named(app: Flask, make_settings: Callable[..., Any], default: Any) -> None:
    app.config["MAIL_DEFAULT_SENDER"] = default

    with pytest.raises(ConfigurationError, match="SUBS_MAIL_SENDER or MAIL_DEFAULT_SENDER"):
        _ = Renderer(app, make_settings(mail=("smtp",))).sender


def test_emails_that_stay_on_the_machine_need_no_sender(app: Flask, make_settings: Callable[..., Any]) -> None:
    app.config["MAIL_DEFAULT_SENDER"] = None

    assert Renderer(app, make_settings(mail=("memory", "file"))).sender == "subscriptions@localhost"


@pytest.mark.parametrize(
    ("kind", "days_left"),
    [("trial_reminder", 3), ("trial_started", 3), ("subscribed", 31), ("canceled", 0), ("own", 3)],
)
def test_days_left_counts_to_what_the_kind_is_about(
    app: Flask, renderer: Renderer, tmp_path: Path, kind: str, days_left: int
) -> None:
    for suffix in ("txt", "html"):
        template(app, tmp_path, f"{kind}.{suffix}", "Subject: {{ days_left }}\n\nHi.\n")
    sample = renderer.sample(kind)
    ends = {"trial_ends_at": 3, "period_end": 31, "ended_at": 0}
    details = {**sample.details, **{name: to_text(sample.at + timedelta(days=n)) for name, n in ends.items()}}

    assert renderer.render(replace(sample, details=details)).subject == str(days_left)


class TestHostTemplates:
    def test_a_hosts_template_wins(self, app: Flask, renderer: Renderer, tmp_path: Path) -> None:
        template(app, tmp_path, "trial_reminder.txt", "Subject: Still {{ days_left }} days\n\nHi {{ contact.name }}.\n")

        email = renderer.render(renderer.sample("trial_reminder"))

        assert (email.subject, email.text) == ("Still 3 days", "Hi Sample Customer.\n")
        assert "Your pro trial" in email.html

    def test_it_may_extend_the_layout_and_use_the_filters(self, app: Flask, renderer: Renderer, tmp_path: Path) -> None:
        template(
            app,
            tmp_path,
            "subscribed.txt",
            '{% extends "subscription_ops/mail/_layout.txt" %}{% block subject %}Hi{% endblock %}'
            "{% block body %}{{ period_end|date }}, {{ period_end|datetime }}, {{ amount|money(currency) }}"
            "{% endblock %}",
        )

        email = renderer.render(renderer.sample("subscribed"))

        assert "January 1, 2027, January 1, 2027 at 9:00 AM (London), €49.00" in email.text

    def test_a_kind_of_its_own_joins_the_others(self, app: Flask, renderer: Renderer, tmp_path: Path) -> None:
        template(app, tmp_path, "welcome_back.txt", "Subject: Hi\n\nHi.\n")

        assert "welcome_back" in renderer.kinds()

    @pytest.mark.parametrize(
        "text",
        ["Subject: {{ nowhere }}\n", "Subject: {{ broken\n", "no subject\n", "Subject: {{ 1 // 0 }}\n"],
    )
    def test_a_broken_one_is_tried_again_later_and_names_nobody(
        self, app: Flask, renderer: Renderer, tmp_path: Path, text: str
    ) -> None:
        template(app, tmp_path, "subscribed.txt", text)

        with pytest.raises(TemporaryFailure, match="'subscribed' cannot be rendered") as caught:
            renderer.render(renderer.sample("subscribed"))

        assert "Ada" not in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("Subject: Hi\n\n{{ first_name }}\n", r"'first_name' is undefined in {file}, line 3$"),
            ("Subject: Hi\n\n{{ contact.first_name }}\n", r"'first_name' is undefined in {file}, line 3$"),
            ("Subject: Hi\n\n{{ {}[contact.name] }}\n", r"UndefinedError in {file}, line 3$"),
            ("Subject: {{ first_name|upper }}\n", r"'first_name' is undefined in {file}, line 1$"),
            ("Subject: Hi\n\n\n{{ broken\n", r"unexpected end of template.* in {file}, line 4$"),
            ("Subject: {{ 'x'|no_such_filter }}\n", r"No filter named 'no_such_filter'\. in {file}, line 1$"),
            ("Subject: {{ 1 // 0 }}\n", r"ZeroDivisionError in {file}, line 1$"),
            ("Subject: {{ contact.name + 1 }}\n", r"TypeError in {file}, line 1$"),
            ("{% include 'nothing.txt' %}\n", r"there is no nothing\.txt$"),
            ("Dear customer,\n", r"it has no subject: begin {file} with a line such as: Subject: "),
            ("", r"it has no subject: begin {file} with"),
        ],
    )
    def test_what_is_wrong_is_named_with_its_place_and_without_its_data(
        self, app: Flask, renderer: Renderer, tmp_path: Path, text: str, said: str
    ) -> None:
        template(app, tmp_path, "subscribed.txt", text)
        file = r"\S*/subscription_ops/mail/subscribed\.txt"
        notice = renderer.sample("subscribed")
        notice = replace(notice, contact=replace(notice.contact, name="AdaLovelace"))

        with pytest.raises(TemporaryFailure, match=said.replace("{file}", file)) as caught:
            renderer.render(notice)

        assert "Ada" not in str(caught.value)

    def test_a_file_that_is_not_utf_8_is_named_with_its_line(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        template(app, tmp_path, "_sign_off.txt", "")
        template(app, tmp_path, "subscribed.txt", "Subject: Hi\n{% include 'subscription_ops/mail/_sign_off.txt' %}\n")
        (tmp_path / "templates/subscription_ops/mail/_sign_off.txt").write_bytes("\nGrüße\n".encode("latin-1"))

        with pytest.raises(TemporaryFailure, match=r"not in UTF-8 in subscription_ops/mail/_sign_off\.txt, line 2$"):
            renderer.render(renderer.sample("subscribed"))

    def test_a_byte_order_mark_before_the_subject_is_passed_over(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        template(app, tmp_path, "subscribed.txt", "\ufeffSubject: Hi\n\nHi.\n")

        email = renderer.render(renderer.sample("subscribed"))

        assert (email.subject, email.text) == ("Hi", "Hi.\n")

    def test_the_template_at_fault_is_named_not_the_one_that_includes_it(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        template(app, tmp_path, "_sign_off.txt", "\n{{ team }}\n")
        template(app, tmp_path, "subscribed.txt", "Subject: Hi\n{% include 'subscription_ops/mail/_sign_off.txt' %}\n")

        with pytest.raises(TemporaryFailure, match=r"'team' is undefined in .*_sign_off\.txt, line 2"):
            renderer.render(renderer.sample("subscribed"))

    @pytest.mark.parametrize("name", ["config", "request", "session", "g", "subscription", "get_flashed_messages"])
    def test_a_template_does_not_see_what_belongs_to_a_request(
        self, app: Flask, renderer: Renderer, tmp_path: Path, name: str
    ) -> None:
        template(app, tmp_path, "subscribed.txt", f"Subject: {{{{ {name} is defined }}}}\n\n.\n")

        with app.test_request_context():
            assert renderer.render(renderer.sample("subscribed")).subject == "False"

    def test_it_has_the_hosts_filters_tests_and_globals(self, app: Flask, renderer: Renderer, tmp_path: Path) -> None:
        app.jinja_env.filters["shout"] = str.upper
        app.jinja_env.tests["long"] = lambda text: len(text) > 3
        app.jinja_env.globals["company"] = "Acme Ltd"
        template(app, tmp_path, "subscribed.txt", "Subject: {{ company|shout }} {{ company is long }}\n\n.\n")

        assert renderer.render(renderer.sample("subscribed")).subject == "ACME LTD True"

    def test_our_filters_win_over_the_hosts_of_the_same_name(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        app.jinja_env.filters["date"] = lambda value: "the host's"
        template(app, tmp_path, "subscribed.txt", "Subject: {{ period_end|date }}\n\n.\n")

        assert renderer.render(renderer.sample("subscribed")).subject == "January 1, 2027"

    def test_a_link_is_whole_and_of_the_server_whatever_a_request_says(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        app.config.update(SERVER_NAME="app.acme.test", PREFERRED_URL_SCHEME="https")
        app.add_url_rule("/billing/<plan>", "billing", lambda plan: plan)
        link = "url_for('billing', plan='pro', tab='card', _anchor='top', _external=True)"
        template(app, tmp_path, "subscribed.txt", f"Subject: {{{{ {link} }}}}\n\n.\n")

        with app.test_request_context(base_url="http://evil.test"):
            email = renderer.render(renderer.sample("subscribed"))

        assert email.subject == "https://app.acme.test/billing/pro?tab=card#top"

    def test_a_link_without_a_server_name_is_refused_with_the_remedy(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        template(app, tmp_path, "subscribed.txt", "Subject: {{ url_for('billing') }}\n\n.\n")

        with pytest.raises(TemporaryFailure, match=r"url_for needs SERVER_NAME, which is not set in \S+txt, line 1$"):
            renderer.render(renderer.sample("subscribed"))


class TestProblems:
    def test_what_ships_has_none(self, renderer: Renderer) -> None:
        assert renderer.problems() == []

    def test_a_template_that_cannot_be_rendered_is_named_once(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        template(app, tmp_path, "subscribed.txt", "Subject: {{ broken\n")
        template(app, tmp_path, "canceled.html", "{{ nowhere }}\n")

        [canceled, subscribed] = renderer.problems()

        assert "'nowhere' is undefined in " in canceled
        assert "the email 'subscribed' cannot be rendered" in subscribed

    def test_a_template_that_fails_in_one_language_only_is_found(
        self, app: Flask, renderer: Renderer, tmp_path: Path
    ) -> None:
        template(app, tmp_path, "subscribed.txt", "Subject: {% if locale == 'tr' %}{{ nowhere }}{% endif %}\n\n.\n")

        assert len(renderer.problems()) == 1


def test_a_kind_without_a_template_is_tried_again_later(renderer: Renderer) -> None:
    notice = Notice("k", "nothing", "1", Contact("a@example.com"), {}, datetime(2026, 12, 1, tzinfo=timezone.utc))

    with pytest.raises(TemporaryFailure, match="TemplateNotFound"):
        renderer.render(notice)


def test_a_moment_without_a_zone_is_not_guessed(renderer: Renderer) -> None:
    notice = replace(renderer.sample("subscribed"), at=datetime(2026, 12, 1))  # noqa: DTZ001

    with pytest.raises(TemporaryFailure, match="NaiveDatetime"):
        renderer.render(notice)


def tags_are_balanced(document: str) -> bool:
    class Parser(html.parser.HTMLParser):
        open: list[str] = []

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in ("meta", "br", "img"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Parser()
    parser.open = []
    parser.feed(document)
    return parser.open == []
