"""The guards of templates. What the database would say is stood for by a function."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import engines

from plexica.identity import permissions
from plexica.identity.models import User

PAGE = '{% if user|may:"core:roles:manage" %}edit{% elif user|may:key %}see{% endif %}'
ADA = User(email="ada@example.com")
BO = User(email="bo@example.com")
DISABLED = User(email="ada@example.com", is_active=False)
HELD = {ADA.email: {"core:roles:manage", "core:roles:view"}, BO.email: {"core:roles:view"}}


@pytest.mark.parametrize(
    ("user", "shown"),
    [(ADA, "edit"), (BO, "see"), (DISABLED, ""), (AnonymousUser(), ""), (None, ""), ("ada", "")],
    ids=["ada", "bo", "disabled", "nobody", "none", "text"],
)
def test_it_shows_what_the_person_may_do(
    monkeypatch: pytest.MonkeyPatch, user: Any, shown: str
) -> None:
    monkeypatch.setattr(permissions, "_registered", [lambda who, key: key in HELD[who.email]])
    page = engines["django"].from_string(PAGE)
    assert page.render({"user": user, "key": "core:roles:view"}) == shown
