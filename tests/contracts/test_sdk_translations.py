"""What the SDK itself says to people has its Italian, compiled for whoever installs it."""

from gettext import GNUTranslations
from pathlib import Path

from babel.messages.pofile import read_po

import plexica_sdk
from deploy.messages import SDK_LOCALE
from tests.contracts.test_translations import texts_of_code

SOURCES = Path(plexica_sdk.__file__).parent
CATALOGUE = SDK_LOCALE / "it" / "LC_MESSAGES" / "django.po"


def test_every_text_has_its_italian_and_no_other_is_there() -> None:
    with CATALOGUE.open("rb") as stream:
        catalogue = read_po(stream, locale="it", abort_invalid=True)
    written = {str(message.id) for message in catalogue if message.id and message.string}
    said = {
        one
        for path in SOURCES.rglob("*.py")
        for _context, one, _many in texts_of_code(path.read_text("utf-8"))
    }
    assert written == said


def test_what_is_compiled_is_what_is_written() -> None:
    with CATALOGUE.open("rb") as stream:
        written = {str(each.id): each.string for each in read_po(stream, locale="it") if each.id}
    with CATALOGUE.with_suffix(".mo").open("rb") as stream:
        compiled = GNUTranslations(stream)
    words = {text: compiled.gettext(text) for text in written}
    assert words == written, "Compile it anew: .venv/bin/python -m deploy.messages"
