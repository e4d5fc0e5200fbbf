"""Texts are compiled without gettext, and only when they have changed."""

import gettext
import os
from pathlib import Path

import pytest

from deploy.messages import compile_messages

_HEADER = """msgid ""
msgstr ""
"Language: it\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "it" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(
        _HEADER
        + 'msgid "Save"\nmsgstr "Salva"\n\n'
        + 'msgid "Open"\nmsgstr ""\n\n#, fuzzy\nmsgid "Close"\nmsgstr "Apri"\n\n'
        + 'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\n'
        + 'msgstr[0] "%(n)s giorno"\nmsgstr[1] "%(n)s giorni"\n',
        encoding="utf-8",
    )
    return path


def _texts(source: Path) -> gettext.GNUTranslations:
    with source.with_suffix(".mo").open("rb") as stream:
        return gettext.GNUTranslations(stream)


def test_what_is_compiled_is_what_gettext_reads(source: Path) -> None:
    assert compile_messages(source.parents[2]) == [source.with_suffix(".mo")]
    texts = _texts(source)
    assert texts.gettext("Save") == "Salva"
    assert texts.ngettext("%(n)s day", "%(n)s days", 2) == "%(n)s giorni"
    # What has no words, or doubtful ones, stays in English.
    assert (texts.gettext("Open"), texts.gettext("Close")) == ("Open", "Close")


def test_it_is_compiled_anew_when_it_has_changed_and_only_then(source: Path) -> None:
    compile_messages(source.parents[2])
    assert compile_messages(source.parents[2]) == []
    text = source.read_text("utf-8").replace("Salva", "Registra")
    source.write_text(text, encoding="utf-8")
    # As an older text that is checked out again may be.
    os.utime(source, (1, 1))
    assert compile_messages(source.parents[2])
    assert _texts(source).gettext("Save") == "Registra"
    assert [path.name for path in source.parent.iterdir() if path.name.startswith(".")] == []
