"""Which language an email speaks, and by which region's customs it writes dates and money."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.support import NullTranslations, Translations

from ...errors import TemporaryFailure

SHIPPED = Path(__file__).resolve().parents[2] / "translations"
DOMAIN = "subscription_ops"
ENGLISH = "en"  # what the templates say
ENGLISH_ABROAD = "en_GB"  # the day before the month, and 24 hours


class Languages:
    """The languages that ship, and those of the host's own catalogues, which win where both have one."""

    def __init__(self, host: Path | None = None) -> None:
        self._folders = [host, SHIPPED] if host else [SHIPPED]
        self.spoken = frozenset({ENGLISH, *(name for folder in self._folders for name in _catalogues(folder))})
        self._words: dict[str, NullTranslations] = {}

    def language_of(self, locale: str) -> str:
        """Return the spoken language nearest to a locale such as pt_BR or tr-TR, English where there is none."""
        wanted = _canonical(locale)
        candidates = (wanted, wanted.partition("_")[0])
        return next((language for language in candidates if language in self.spoken), ENGLISH)

    def words(self, language: str) -> NullTranslations:
        """Return the translations into a spoken language."""
        if language not in self._words:
            self._words[language] = self._load(language)
        return self._words[language]

    def _load(self, language: str) -> NullTranslations:
        first, *others = (_load(folder, language) for folder in self._folders)
        for other in others:
            first.add_fallback(other)
        return first


@lru_cache(maxsize=1024)
def region_of(locale: str, language: str) -> str:
    """Return whose customs a text in `language` follows for a reader of `locale`: en_GB, tr_CY, de_AT.

    A reader whose own language is not spoken gets English as it is written where that language is at home.
    """
    wanted = _canonical(locale)
    home = _known(wanted) or _known(wanted.partition("_")[0])
    if home is None:
        return language
    if home.language == language.partition("_")[0]:
        return str(home)
    likely: str = get_global("likely_subtags").get(home.language, "")
    territory = home.territory or likely.rpartition("_")[2]
    return f"{ENGLISH}_{territory}" if _known(f"{ENGLISH}_{territory}") else ENGLISH_ABROAD


def _canonical(locale: str) -> str:
    """Return pt_BR for pt-br; the empty string for what is no locale."""
    parts = locale.strip().partition(".")[0].replace("-", "_").split("_")
    if not re.fullmatch(r"[a-zA-Z]{2,3}(_[a-zA-Z0-9]{2,8}){0,3}", "_".join(parts)):
        return ""
    language, *others = parts
    return "_".join([language.lower(), *(part.title() if len(part) == 4 else part.upper() for part in others)])


def _known(locale: str) -> Locale | None:
    try:
        return Locale.parse(locale, resolve_likely_subtags=False) if locale else None
    except (UnknownLocaleError, ValueError):
        return None


def _catalogues(folder: Path) -> list[str]:
    return [path.parent.parent.name for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")]


def _load(folder: Path, language: str) -> NullTranslations:
    try:
        return Translations.load(folder, [language], DOMAIN)
    except Exception as error:  # a file that is cut short fails in any way
        raise TemporaryFailure(f"{folder / language} holds no readable catalogue: run pybabel compile") from error
