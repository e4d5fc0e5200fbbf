"""A realm that comes back under another name: its name and all its ids, wherever they stand."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Renaming:
    """What becomes of the ids of a realm, and of its name.

    The new ids follow from the tenant's, so that a repeat finds what it has made.

    Attributes:
        is_renewing: Whether ids change; they stay where nothing has them.
    """

    def __init__(self, *, tenant_id: UUID, old_realm: str, realm: str, is_renewing: bool) -> None:
        self.is_renewing = is_renewing
        self._tenant_id = tenant_id
        self._realm = realm
        self._has_new_name = old_realm != realm
        old = re.escape(old_realm)
        self._names = re.compile(
            rf"^default-roles-{old}$|(?<=/realms/){old}(?=/|$)|(?<=/admin/){old}(?=/)"
        )

    def of_id(self, value: str) -> str:
        """Return what an id becomes; what is no id stays."""
        if not self.is_renewing or not _UUID.fullmatch(value):
            return value
        return str(uuid5(self._tenant_id, value))

    def of_realm(self, realm: dict[str, Any]) -> dict[str, Any]:
        """Return a realm under its new name, with new ids."""
        ids = frozenset(_ids_in(realm))
        changed: dict[str, Any] = self._changed(realm, ids)
        return changed

    def of_person(self, person: dict[str, Any]) -> dict[str, Any]:
        """Return somebody of a realm with a new id, and new ones of their credentials."""
        changed: dict[str, Any] = self._changed(person, frozenset(_ids_in(person)))
        return changed

    def _changed(self, value: Any, ids: frozenset[str]) -> Any:
        if isinstance(value, dict):
            return {name: self._changed(inner, ids) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._changed(each, ids) for each in value]
        if isinstance(value, str):
            if value in ids:
                return self.of_id(value)
            return self._names.sub(self._rename, value) if self._has_new_name else value
        return value

    def _rename(self, found: re.Match[str]) -> str:
        whole = found.group()
        return f"default-roles-{self._realm}" if whole.startswith("default-roles-") else self._realm


def _ids_in(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        found = value.get("id")
        if isinstance(found, str) and _UUID.fullmatch(found):
            yield found
        for inner in value.values():
            yield from _ids_in(inner)
    elif isinstance(value, list):
        for each in value:
            yield from _ids_in(each)
