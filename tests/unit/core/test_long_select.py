"""The widget for hundreds of options: it says the same as Django's."""

from html.parser import HTMLParser

import pytest
from django import forms

from plexica.core.forms import LongSelect

CHOICES = [
    ("", "Nothing"),
    ("UTC", "UTC"),
    ("Europe", [("Europe/Rome", "Rome"), ("Europe/Isle", 'Isle of <b>"Man"</b> & more')]),
]


class Elements(HTMLParser):
    """What a page consists of, whatever the blanks between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted(attrs, key=str)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


@pytest.mark.parametrize("value", [None, "", "UTC", "Europe/Isle", "Mars/Base", '"><script>'])
def test_it_says_the_same_as_djangos_own(value: str | None) -> None:
    written = [
        widget(attrs={"class": "form-select"}, choices=CHOICES).render(
            "zone", value, {"id": "id_zone", "required": True}
        )
        for widget in (forms.Select, LongSelect)
    ]
    assert Elements(written[0]).found == Elements(written[1]).found
