"""Every text for people has its Italian, whoever writes it: see docs/adr/0017.

The texts are gathered as `make messages` does, in Python, so that gettext need not be there.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

from plexica.audit.actions import ACTIONS
from plexica.core.errors import PlexicaError
from plexica.core.templatetags.components import as_words
from plexica.rbac.permissions import RESOURCE_WORDS
from plexica.rbac.registry import list_definitions
from plexica.rbac.system_roles import SYSTEM_ROLES
from tenants.parts import configured_parts
from tenants.provisioning.step import configured_steps
from tenants.states import RunKind

ROOT = Path(settings.BASE_DIR)
SOURCES = ("plexica", "tenants", "plugins", "templates")
CATALOGUE = ROOT / "locale" / "it" / "LC_MESSAGES" / "django.po"
# Their errors are told to programs and on the command line only, which is in English.
FOR_PROGRAMS = (
    "plexica.identity.callers",
    "plexica.identity.jwt",
    "plexica.identity.sync",
    "tenants.api",
    "tenants.cli",
)
HOW_TO_MEND = (
    "Add them with their Italian to locale/it/LC_MESSAGES/django.po: run `make messages` (it needs"
    ' gettext) and fill in each empty msgstr, or append `msgid "…"` and `msgstr "…"` by hand.'
)

# How many texts each function takes, after a context if it takes one.
_SINGLE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_CONTEXT = {"pgettext", "pgettext_lazy"}
_PLURAL_CONTEXT = {"npgettext", "npgettext_lazy"}
_CALL = re.compile(r"\b(?:n?p?gettext|_)\(")
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}|</?\w+[^>]*>")

# A text is its context, or an empty string, its singular, and its plural, or an empty string.
Text = tuple[str, str, str]


def texts_of_code(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _text_of_call(node)


def texts_of_template(source: str) -> Iterator[Text]:
    marked = templatize(source)
    for found in _CALL.finditer(marked):
        yield from texts_of_code(_whole_call(marked, found.start()))


def _whole_call(source: str, start: int) -> str:
    """Return the call that begins at a place, up to the first bracket with which it is one."""
    end = start
    while True:
        end = source.index(")", end) + 1
        try:
            ast.parse(source[start:end])
        except SyntaxError:
            continue
        return source[start:end]


def _text_of_call(call: ast.Call) -> Iterator[Text]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    words = [
        argument.value if isinstance(argument, ast.Constant) else None for argument in call.args
    ]
    match words:
        case [str(one), *_] if name in _SINGLE:
            yield "", one, ""
        case [str(one), str(many), *_] if name in _PLURAL:
            yield "", one, many
        case [str(context), str(one), *_] if name in _CONTEXT:
            yield context, one, ""
        case [str(context), str(one), str(many), *_] if name in _PLURAL_CONTEXT:
            yield context, one, many


@cache
def gathered() -> dict[Text, str]:
    """Return all texts of the sources, each with a file that it is in."""
    found: dict[Text, str] = {}
    for directory in SOURCES:
        for path in sorted((ROOT / directory).rglob("*")):
            if path.suffix not in {".py", ".html", ".txt"} or "migrations" in path.parts:
                continue
            read = texts_of_code if path.suffix == ".py" else texts_of_template
            for text in read(path.read_text(encoding="utf-8")):
                found.setdefault(text, str(path.relative_to(ROOT)))
    return found


@cache
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="it", abort_invalid=True)


def _forms(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, tuple | list) else (str(value),)


def _entries() -> list[Message]:
    return [message for message in catalogue() if message.id]


def test_every_text_has_its_italian() -> None:
    missing = []
    for (context, one, many), place in gathered().items():
        message = catalogue().get(one, context or None)
        # A plural's text cannot be that of a text without one.
        is_there = message is not None and (not many or _forms(message.id) == (one, many))
        if not is_there or not message or not all(_forms(message.string)) or message.fuzzy:
            missing.append(f"{place}: {one!r}")
    assert not missing, f"{len(missing)} without Italian. {HOW_TO_MEND}\n" + "\n".join(missing)


def test_placeholders_and_tags_are_kept() -> None:
    wrong = []
    for message in _entries():
        wanted = set(_PLACEHOLDER.findall(" ".join(_forms(message.id))))
        forms = [set(_PLACEHOLDER.findall(form)) for form in _forms(message.string)]
        # Of a plural's forms, the one for a single thing may leave its number out.
        if forms[-1] != wanted or any(not form <= wanted for form in forms):
            wrong.append(_forms(message.id)[0])
    assert wrong == []


def test_no_text_is_in_the_catalogue_twice() -> None:
    written = re.findall(r"^(?:msgctxt .*\n)?msgid ", CATALOGUE.read_text("utf-8"), re.MULTILINE)
    double = "Some text is there twice, as a merge can leave it: `make messages` names the lines."
    assert len(written) - 1 == len(_entries()), double


def test_every_action_of_the_audit_has_words() -> None:
    actions: set[str] = set()
    for directory in SOURCES:
        for path in (ROOT / directory).rglob("*.py"):
            actions |= set(re.findall(r'action="([a-z_]+\.[a-z_]+)"', path.read_text("utf-8")))
    assert "role.assigned" in actions
    missing = {as_words(action) for action in actions} - ACTIONS
    assert not missing, "Add these to plexica/audit/actions.py, and their Italian."


def test_every_permission_is_translatable() -> None:
    texts = {text for _context, text, _many in gathered()}
    for definition in list_definitions():
        if definition.key.startswith(("core:", "ownership:")):
            words = {definition.label, definition.description}
            assert words <= texts, f"Write gettext_noop(…) round the words of {definition.key}."
            resource = as_words(definition.key.split(":")[1])
            assert resource in RESOURCE_WORDS, f"Add {resource!r} to RESOURCE_WORDS."


def test_system_roles_steps_and_parts_are_translatable() -> None:
    words = {part.label for part in configured_parts().values()}
    for kind in settings.TENANT_STEPS:
        words |= {step.label for step in configured_steps(RunKind(kind)).values()}
    for roles in SYSTEM_ROLES.values():
        words |= {word for role in roles for word in (role.name, role.description)}
    texts = {text for _context, text, _many in gathered()}
    assert words <= texts, f"Write gettext_noop(…) round {words - texts}."


def _kinds(error: type[PlexicaError]) -> Iterator[type[PlexicaError]]:
    yield error
    for kind in error.__subclasses__():
        yield from _kinds(kind)


def test_every_kind_of_error_that_pages_show_is_translatable() -> None:
    texts = {text for _context, text, _many in gathered()}
    for kind in _kinds(PlexicaError):
        if kind.__module__.startswith(SOURCES) and not kind.__module__.startswith(FOR_PROGRAMS):
            place = f"{kind.__module__}.{kind.__name__}"
            assert kind.title in texts, f"Write gettext_noop(…) round the title of {place}."


def test_the_spaces_round_a_text_are_kept() -> None:
    for message in _entries():
        for text, form in zip(_forms(message.id), _forms(message.string), strict=False):
            assert (text[:1].isspace(), text[-1:].isspace()) == (
                form[:1].isspace(),
                form[-1:].isspace(),
            ), text


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('_("Save")', [("", "Save", "")]),
        ('translation.gettext_lazy("One " "two")', [("", "One two", "")]),
        ('ngettext("%d day", "%d days", n)', [("", "%d day", "%d days")]),
        ('pgettext("month", "May")', [("month", "May", "")]),
        ("_(word)", []),
        ('unknown("Save")', []),
    ],
)
def test_texts_of_code_are_found(source: str, texts: list[Text]) -> None:
    assert list(texts_of_code(source)) == texts


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('<p>{% translate "It’s (so)" %}</p>', [("", "It’s (so)", "")]),
        ("{% translate 'Say \"yes\"' as label %}", [("", 'Say "yes"', "")]),
        ('{{ value|default:_("None") }}', [("", "None", "")]),
        ("{% blocktranslate %}{{ n }} s{% endblocktranslate %}", [("", "%(n)s s", "")]),
        (
            "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days"
            "{% endblocktranslate %}",
            [("", "%(n)s day", "%(n)s days")],
        ),
        ('{% translate "May" context "month" %}', [("month", "May", "")]),
        ("{% comment %}{% translate 'Not this' %}{% endcomment %}{# _('nor this') #}", []),
        ("<p>gettext(</p>", []),
    ],
)
def test_texts_of_templates_are_found(source: str, texts: list[Text]) -> None:
    assert list(texts_of_template(source)) == texts
