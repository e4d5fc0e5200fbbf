"""Times, numbers and kept words as people of a language and a place read them."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.template import engines
from django.template.loader import render_to_string
from django.utils import timezone, translation

from plexica.core.error_pages import words_of_failure
from plexica.core.errors import Conflict, NotFound, TransientError
from plexica.core.templatetags.components import ago, as_words, number, translated


def shown_time(at: datetime, *, language: str, zone: str) -> tuple[str, str]:
    """Return what programs and people read of a time."""
    with translation.override(language), timezone.override(zone):
        shown = render_to_string("components/time.html", {"at": at})
    found = re.fullmatch(r'<time datetime="([^"]+)" title="([^"]+)">([^<]+)</time>', shown.strip())
    assert found, shown
    assert found[2] == found[3]
    return found[1], unescape(found[3])


@pytest.mark.parametrize(
    ("at", "italian"),
    [
        # An hour before Italy goes over to summer time, and an hour later.
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "29 mar 2026, 01:30 CET"),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "29 mar 2026, 03:30 CEST"),
        # The hour that comes twice in autumn.
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "25 ott 2026, 02:30 CEST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "25 ott 2026, 02:30 CET"),
        # Another day than in UTC.
        (datetime(2026, 12, 31, 23, 15, tzinfo=UTC), "1 gen 2027, 00:15 CET"),
    ],
)
def test_a_time_is_that_of_the_place(at: datetime, italian: str) -> None:
    machine, words = shown_time(at, language="it", zone="Europe/Rome")
    assert words == italian
    assert datetime.fromisoformat(machine) == at
    _, english = shown_time(at, language="en", zone="UTC")
    assert english.endswith("UTC")


def test_how_long_ago_something_was_is_said_in_the_language() -> None:
    with translation.override("it"):
        assert ago(timezone.now()) == "adesso"
        assert ago(timezone.now() - timedelta(hours=2, minutes=5)) == "2\xa0ore fa"


@pytest.mark.parametrize(
    ("language", "count", "seconds", "size"),
    [("en", "12,345", "1.5 s", "1.5\xa0MB"), ("it", "12.345", "1,5 s", "1,5\xa0MB")],
)
def test_numbers_are_written_as_in_the_language(
    language: str, count: str, seconds: str, size: str
) -> None:
    page = engines["django"].from_string(
        "{{ n|number }}|"
        "{% blocktranslate with seconds=s|floatformat:1 %}{{ seconds }} s{% endblocktranslate %}|"
        "{{ b|filesizeformat }}|{{ n }}"
    )
    with translation.override(language):
        shown = page.render({"n": 12345, "s": 1.5, "b": 1572864})
    # What programs read, such as a field's value, is left alone.
    assert shown == f"{count}|{seconds}|{size}|12345"


def test_what_is_no_number_is_shown_as_it_is() -> None:
    assert number("2 MB") == "2 MB"
    assert number(None) is None


def test_kept_words_are_translated_where_they_are_shown() -> None:
    with translation.override("it"):
        assert as_words("role.assigned") == "ruolo assegnato"
        assert as_words("plugin.installed_by-somebody") == "plugin installed by somebody"
        assert translated("Database schema") == "Schema del database"
        assert translated("") == ""
        assert NotFound().detail == "Questa cosa non esiste"
        # What programs are told stays English.
        assert NotFound().title == "There is no such thing"
    assert Conflict("Free text").detail == "Free text"


def test_a_card_groups_its_number() -> None:
    with translation.override("it"):
        shown = render_to_string("components/stat_card.html", {"label": "x", "value": 1234})
    assert "1.234" in shown


def test_a_servers_failure_is_told_in_the_language_or_else_by_its_kind() -> None:
    known = TransientError("Keycloak does not answer.")
    detailed = TransientError("Keycloak cannot do this now (HTTP 502).")
    assert words_of_failure(detailed) == str(detailed)
    with translation.override("it"):
        assert words_of_failure(known) == "Keycloak non risponde."
        assert words_of_failure(detailed) == "Un server necessario non risponde"
