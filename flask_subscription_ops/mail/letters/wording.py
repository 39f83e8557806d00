"""What a template can speak of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from ...domain.clock import as_instant, parse_instant
from ...domain.colours import text_on
from ...domain.contacts import Contact, in_zone, zone_name, zone_of
from ...domain.emails import email_kind
from ...domain.reminders import days_between
from ...outside.text import one_line
from .formats import Gettext, format_price
from .languages import Languages, region_of
from .notice import INSTANTS, Notice

if TYPE_CHECKING:
    from ...settings import Settings

NAME_LIMIT, LOCALE_LIMIT = 80, 40
ACCENT = "#2456c7"
UNNAMED_PRODUCT = "default"


def variables(notice: Notice, settings: Settings, app_name: str, languages: Languages) -> dict[str, Any]:
    """Return the template's variables; a detail that is missing or None is not defined."""
    zone = zone_of(notice.contact.timezone, settings.timezone)
    contact = _printable(notice.contact, zone)
    language = languages.language_of(contact.locale)
    details = {name: _clean(value) for name, value in notice.details.items() if value is not None}
    instants = {name: in_zone(parse_instant(details[name], name), zone) for name in INSTANTS if name in details}
    at = in_zone(as_instant(notice.at, "at"), zone)
    return {
        **_names(details, settings, app_name),
        **details,
        **instants,
        **_days_left(notice.kind, at, instants, zone),
        **_price(details, region_of(contact.locale, language), languages.words(language).ugettext),
        **settings.mail_context,
        **_colours(settings.mail_context),
        "contact": contact,
        "account_id": one_line(notice.account_id),
        "locale": language,
        "at": at,
    }


def _clean(value: object) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _names(details: Mapping[str, Any], settings: Settings, app_name: str) -> dict[str, str]:
    """Name the app, the product and the plan: the only product there is goes by the app's name."""
    name = str(settings.mail_context.get("app_name", app_name))
    product, plan = details.get("product", UNNAMED_PRODUCT), details.get("plan")
    named = {"app_name": name, "product_name": name if product == UNNAMED_PRODUCT else product}
    if plan is None:
        return named
    return {**named, "plan_name": settings.plans[plan].name if plan in settings.plans else plan}


def _days_left(kind: str, at: datetime, instants: Mapping[str, datetime], zone: tzinfo) -> dict[str, int]:
    counts_to = email_kind(kind).counts_to
    end = instants.get(counts_to) if counts_to else next(iter(instants.values()), None)
    return {} if end is None else {"days_left": days_between(at, end, zone)}


def _price(details: Mapping[str, Any], region: str, gettext: Gettext) -> dict[str, str]:
    if "amount" not in details or "currency" not in details:
        return {}
    return {"price": format_price(details["amount"], details["currency"], region, gettext)}


def _colours(context: Mapping[str, Any]) -> dict[str, str]:
    accent = context.get("accent", ACCENT)
    return {"accent": accent, "on_accent": text_on(accent)}


def _printable(contact: Contact, zone: tzinfo) -> Contact:
    """Return the contact fit for a template; hosts have nullable columns."""
    name, locale = one_line(contact.name or "", NAME_LIMIT), one_line(contact.locale or "", LOCALE_LIMIT)
    return Contact(email=contact.email, name=name, locale=locale, timezone=zone_name(zone))
