"""What people read about the entries of the audit."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plexica.audit.models import AuditEntry

Text = str | Promise

# By what stands before the dot of an action.
GROUP_WORDS: dict[str, Text] = {
    "user": gettext_lazy("People"),
    "role": gettext_lazy("Roles"),
    "group": gettext_lazy("Groups"),
    "service_account": gettext_lazy("Service accounts"),
    "tenant": gettext_lazy("Tenants"),
    "tenants": gettext_lazy("Upgrades"),
    "platform": gettext_lazy("Platform"),
    "plugin": gettext_lazy("Plugins"),
    "orphan": gettext_lazy("Leftovers"),
    "super_admin": gettext_lazy("Super admins"),
    "realm_access": gettext_lazy("Access to realms"),
    "audit": gettext_lazy("Audit"),
    "file": gettext_lazy("Files"),
}

# By what stands before the colon of a target.
TARGET_WORDS: dict[str, Text] = {
    "user": gettext_lazy("Person"),
    "role": gettext_lazy("Role"),
    "group": gettext_lazy("Group"),
    "service_account": gettext_lazy("Service account"),
    "tenant": gettext_lazy("Tenant"),
    "platform": gettext_lazy("Platform"),
    "plugin": gettext_lazy("Plugin"),
    "plugin_key": gettext_lazy("Key of plugins"),
    "orphan": gettext_lazy("Leftover"),
    "audit": gettext_lazy("Audit"),
    "file": gettext_lazy("File"),
    "folder": gettext_lazy("Folder"),
}

ACTOR_WORDS: dict[str, Text] = {
    "user": gettext_lazy("Person"),
    "service_account": gettext_lazy("Service account"),
    "system": gettext_lazy("The platform itself"),
}

# What values are called that entries tell of.
FIELD_WORDS: dict[str, Text] = {
    "name": gettext_lazy("Name"),
    "description": gettext_lazy("Description"),
    "email": gettext_lazy("E-mail address"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "owner_email": gettext_lazy("Owner's e-mail address"),
    "contact_email": gettext_lazy("Contact's e-mail address"),
    "role": gettext_lazy("Role"),
    "roles": gettext_lazy("Roles"),
    "group": gettext_lazy("Group"),
    "groups": gettext_lazy("Groups"),
    "grants": gettext_lazy("Permissions"),
    "source": gettext_lazy("Source"),
    "state": gettext_lazy("State"),
    "reason": gettext_lazy("Reason"),
    "message": gettext_lazy("Message"),
    "error": gettext_lazy("Error"),
    "sessions": gettext_lazy("Sessions"),
    "is_active": gettext_lazy("May log in"),
    "client_id": gettext_lazy("Client"),
    "failed_step": gettext_lazy("Failed step"),
    "not_taken_back": gettext_lazy("Not taken back"),
    "kind": gettext_lazy("Kind"),
    "part": gettext_lazy("Part"),
    "parts": gettext_lazy("Parts"),
    "mended": gettext_lazy("Mended"),
    "grace_days": gettext_lazy("Days until it is removed"),
    "session_idle_minutes": gettext_lazy("Minutes until an idle session ends"),
    "session_max_minutes": gettext_lazy("Minutes until every session ends"),
    "format": gettext_lazy("Format"),
    "size": gettext_lazy("Size in bytes"),
    "search": gettext_lazy("Search"),
    "who": gettext_lazy("Who"),
    "what": gettext_lazy("What"),
    "target": gettext_lazy("On what"),
    "since": gettext_lazy("From"),
    "until": gettext_lazy("Until"),
    "version": gettext_lazy("Version"),
    "digest": gettext_lazy("Digest"),
    "key": gettext_lazy("Key"),
    "fingerprint": gettext_lazy("Fingerprint"),
    "plugin": gettext_lazy("Plugin"),
    "uses": gettext_lazy("What it may use"),
    "wanted": gettext_lazy("Wanted version"),
    "refused": gettext_lazy("Refused version"),
    "purge_after": gettext_lazy("Kept until"),
    "settings": gettext_lazy("Settings"),
    "secrets": gettext_lazy("Secret settings"),
}

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """One value that an entry tells of.

    Attributes:
        label: What it is.
        before: What it was; None where the entry does not say.
        after: What it is since; None where the entry does not say.
    """

    label: str
    before: str | None
    after: str | None


def spaced(key: str) -> str:
    """Return a key such as `failed_step` as words."""
    words = key.replace(".", " ").replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def words_of(key: str, known: Mapping[str, Text]) -> str:
    """Return the words for a key, or the key itself as words."""
    return str(known[key]) if key in known else spaced(key)


def group_of(action: str) -> str:
    """Return what stands before the dot of an action."""
    return action.partition(".")[0]


def changes_of(entry: AuditEntry) -> list[Change]:
    """Return the values that an entry tells of, with their labels, as people read them."""
    before, after = dict(_flat(entry.before)), dict(_flat(entry.after))
    return [
        Change(
            label=" · ".join(words_of(part, FIELD_WORDS) for part in path),
            before=_shown(before[path]) if path in before else None,
            after=_shown(after[path]) if path in after else None,
        )
        for path in dict.fromkeys([*before, *after])
    ]


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, (*path, str(key)))
    elif value is not None or path:
        yield path, value


def _shown(value: Any) -> str:
    if value is None or value in ("", []):
        return _NOTHING
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(
            json.dumps(item, ensure_ascii=False) if isinstance(item, dict) else _shown(item)
            for item in value
        )
    return str(value)
