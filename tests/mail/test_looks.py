"""How an email looks: who writes, the one fact, one button, and the same words in text and HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.mail.base import Email
from flask_subscription_ops.mail.letters.render import Renderer
from flask_subscription_ops.mail.mime import to_bytes

from .test_mime import parsed
from .test_render import KINDS, tags_are_balanced

CONTEXT = {
    "app_name": "Acme Cloud",
    "app_url": "https://acme.test/",
    "billing_url": "https://acme.test/billing",
    "support_email": "help@acme.test",
    "postal_address": ("Acme Ltd", "1 High Street", "London"),
}
BUTTONS = {
    "trial_started": ("Open Acme Cloud", "https://acme.test/"),
    "trial_reminder": ("Choose a plan", "https://acme.test/billing"),
    "trial_expired": ("Choose a plan", "https://acme.test/billing"),
    "subscribed": ("Open Acme Cloud", "https://acme.test/"),
    "canceled": ("Subscribe again", "https://acme.test/billing"),
}
DATES = {
    "trial_started": "December 15, 2026 at 9:00 AM (London)",
    "trial_reminder": "December 4, 2026 at 9:00 AM (London)",
    "trial_expired": "December 1, 2026 at 8:55 AM (London)",
    "subscribed": "January 1, 2027 at 9:00 AM (London)",
    "canceled": "December 1, 2026 at 8:55 AM (London)",
}

Say = Callable[..., Email]


@pytest.fixture
def say(app: Flask, make_settings: Callable[..., Any]) -> Say:
    """Render a sample with a context."""

    def say(kind: str = "trial_reminder", locale: str = "en", leave_out: str = "", **context: Any) -> Email:
        chosen = {key: value for key, value in {**CONTEXT, **context}.items() if key != leave_out}
        renderer = Renderer(app, make_settings(mail_context=chosen))
        return renderer.render(renderer.sample(kind, locale))

    return say


def card(email: Email) -> str:
    return email.html.partition('class="card"')[2]


def sentences(html: str) -> list[str]:
    """Return what a reader sees of the body, a paragraph, heading or button each."""
    shown = re.sub(r"<(style|title)>.*?</\1>|<div .*?</div>", "", html, flags=re.DOTALL)
    parts = re.sub(r"</(p|h1|td)>|<br>", "\0", shown).replace("\n", " ").split("\0")
    texts = [unescape(re.sub(r"<!--.*?-->|<[^>]+>", "", part)).strip() for part in parts]
    return [" ".join(text.split()) for text in texts if text]


@pytest.mark.parametrize("locale", ["en", "ru", "tr"])
@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(say: Say, kind: str, locale: str) -> None:
    email = say(kind, locale)
    foot = ["Acme Cloud", *CONTEXT["postal_address"]]

    brand, heading, *body = sentences(email.html)

    assert (brand, heading) == ("Acme Cloud", email.subject)
    lines = [" ".join(line.split()) for line in email.text.splitlines()]
    said = [line.rstrip(":") for line in lines if line and line != "--" and not line.startswith("https:")]
    assert [line.rstrip(":") for line in body] == said
    assert said[-5:-1] == foot


@pytest.mark.parametrize("kind", KINDS)
def test_the_one_fact_is_the_heading_and_its_date_is_bold(say: Say, kind: str) -> None:
    email = say(kind)

    assert f">{email.subject}</h1>" in email.html
    assert re.findall("<strong>(.+?)</strong>", email.html) == [DATES[kind]]
    assert DATES[kind] in email.text


def test_the_sender_is_named_above_the_card_or_shows_a_logo(say: Say) -> None:
    named, shown = say(), say(logo_url="https://acme.test/logo.png")

    above = named.html.partition('class="card"')[0].partition("<body")[2]
    assert ">Acme Cloud</td>" in above
    assert '<img src="https://acme.test/logo.png" alt="Acme Cloud" height="40"' in shown.html
    assert tags_are_balanced(shown.html)


@pytest.mark.parametrize("kind", KINDS)
def test_the_button_says_what_the_email_asks_for(say: Say, kind: str) -> None:
    words, link = BUTTONS[kind]
    email = say(kind)

    assert f"\n{words}:\n{link}\n" in email.text
    assert re.findall(r'<a href="(http[^"]+)"[^>]*>([^<]+)</a>', email.html) == [(link, words)]


@pytest.mark.parametrize("kind", ["trial_started", "subscribed"])
def test_without_a_link_to_the_app_its_billing_page_opens_it(say: Say, kind: str) -> None:
    assert "\nOpen Acme Cloud:\nhttps://acme.test/billing\n" in say(kind, leave_out="app_url").text


def test_a_button_is_a_coloured_cell_for_outlook_and_keeps_its_padding(say: Say) -> None:
    html = say(accent="#ffd600").html

    assert '<td bgcolor="#ffd600" style="border-radius:6px; mso-padding-alt:12px 24px;">' in html
    assert "background:#ffd600; border-radius:6px; color:#000000;" in html


def test_outlook_gets_a_card_of_a_fixed_width(say: Say) -> None:
    html = say().html

    assert '<!--[if mso]><table role="presentation" width="560"' in html
    assert html.count("[if mso]") == html.count("[endif]") == 2


def test_a_reminder_is_three_sentences(say: Say) -> None:
    body = say().text.split("\n\n")[1:4]

    assert body == [
        "Your pro trial ends on December 4, 2026 at 9:00 AM (London).",
        "If no payment method is on file by then, your access ends and you are not charged.",
        "To continue, choose a plan: pro is €49.00 per month.",
    ]


@pytest.mark.parametrize("kind", ["trial_expired", "canceled"])
@pytest.mark.parametrize(
    ("locale", "said"), [("en", "nothing in them is deleted"), ("tr", "hiçbir şey silinmiyor"), ("ru", "не удаляются")]
)
def test_stopped_workspaces_lose_nothing_and_the_email_says_so(say: Say, kind: str, locale: str, said: str) -> None:
    assert said in say(kind, locale).text


@pytest.mark.parametrize("kind", KINDS)
def test_the_inbox_previews_a_sentence_that_is_not_the_subject(say: Say, kind: str) -> None:
    email = say(kind)
    found = re.search(r'<div style="display:none;[^"]*mso-hide:all;">([^<]+)</div>', email.html)

    assert found is not None
    assert unescape(found[1]) in email.text.split("\n\n")


def test_support_is_a_link_and_answers_go_there(say: Say) -> None:
    email = say()

    assert '<a href="mailto:help@acme.test"' in email.html
    assert parsed(to_bytes(email))["Reply-To"] == "help@acme.test"


def test_answers_go_elsewhere_if_so_said(say: Say) -> None:
    assert say(reply_to="desk@münchen.test").headers["Reply-To"] == "desk@xn--mnchen-3ya.test"
    assert "Reply-To" not in say(leave_out="support_email").headers


def test_an_address_that_cannot_be_answered_to_keeps_the_emails_and_is_named(say: Say) -> None:
    with pytest.raises(ConfigurationError, match="SUBS_MAIL_CONTEXT reply_to cannot be used, the address is not"):
        say(reply_to="ümit@acme.test")


def test_the_signature_is_parted_as_mail_readers_expect(say: Say) -> None:
    email = say()

    assert "\n-- \nAcme Cloud\nAcme Ltd\n1 High Street\nLondon\n" in email.text
    part = parsed(to_bytes(email)).get_body(("plain",))
    assert part is not None
    assert "\r\n-- \r\nAcme Cloud\r\n" in part.get_content()


def test_a_host_that_says_nothing_of_itself_gets_a_whole_email(app: Flask, make_settings: Callable[..., Any]) -> None:
    renderer = Renderer(app, make_settings())
    email = renderer.render(renderer.sample("trial_reminder"))

    assert "<a " not in email.html
    assert ">acme</td>" in email.html
    assert email.text.endswith("\n\n-- \nacme\nThis is an automatic message about your account.\n")
    assert tags_are_balanced(email.html)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("locale", "word"), [("en", "free"), ("tr", "ücretsiz"), ("ru", "бесплатно")])
def test_a_plan_that_costs_nothing_is_free(
    app: Flask, make_settings: Callable[..., Any], kind: str, locale: str, word: str
) -> None:
    renderer = Renderer(app, make_settings())
    notice = renderer.sample(kind, locale)

    email = renderer.render(replace(notice, details={**notice.details, "amount": 0}))

    assert (word in email.text) == (kind != "canceled")
    assert not re.search(r"€|0[.,]00", email.text + email.html.partition("</style>")[2])
