"""What every template must keep to, whoever writes it: see docs/adr/0008-front-end.md."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.html"))
SPRITE = Path(settings.BASE_DIR) / "static" / "img" / "icons.svg"

FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "an inline style": re.compile(r"<style|\sstyle\s*=", re.IGNORECASE),
    "an inline event handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "hx-on, which needs eval": re.compile(r"\shx-on", re.IGNORECASE),
    "a filter in hx-trigger, which needs eval": re.compile(r"hx-trigger=\"[^\"]*\["),
    "a value of JavaScript, which needs eval": re.compile(r"=[\"']\s*(js|javascript):"),
    "a file from another host": re.compile(r"(src|href)=[\"'](https?:)?//", re.IGNORECASE),
    "another way to skip escaping": re.compile(r"\|\s*safe\b|\{%\s*autoescape off"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_keeps_to_the_policy(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(source)] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_shows_icons_that_there_are(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    used = set(re.findall(r'\{% icon "([^"]+)"', source))
    used |= set(re.findall(r'symbol="([^"]+)"', source))
    there = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text(encoding="utf-8")))
    assert used <= there


@pytest.mark.parametrize("name", TEMPLATES)
def test_forms_carry_the_token(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    posts = re.findall(r'<form[^>]*method="post".*?</form>', source, re.DOTALL)
    for form in posts:
        # What another host takes does not learn this one's token.
        is_taken_here = 'action="{{ tenant.workspace_url }}' not in form.partition(">")[0]
        assert ("{% csrf_token %}" in form) is is_taken_here


@pytest.mark.parametrize("name", TEMPLATES)
def test_table_headers_have_a_scope(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    assert [head for head in re.findall(r"<th\b[^>]*>", source) if "scope=" not in head] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_asks_in_one_way(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    buttons = re.findall(r"<button[^>]*\bbtn-danger\b", source)
    assert name == "components/confirm.html" or not buttons


def test_there_are_templates() -> None:
    assert "console/tenant_list.html" in TEMPLATES
