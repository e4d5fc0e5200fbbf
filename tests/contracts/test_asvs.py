"""The list of ASVS requirements is complete, and what it names is there."""

import re
from pathlib import Path

from django.conf import settings as django_settings

from deploy.local.instance import CHECKOUT

SECURITY = CHECKOUT / "docs" / "security"
_ROW = re.compile(r"^\| (V[\d.]+) \| ([12]) \| ([^|]+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
_NAMED = re.compile(
    r"`((?:[\w.-]+/)+[\w.-]+|Dockerfile|\.dockerignore|[\w-]+\.(?:toml|yaml|json))`"
)
_HOW = {"met", "does not apply", "the operator's", "**not met**"}


def rows() -> list[tuple[str, ...]]:
    return _ROW.findall((SECURITY / "asvs.md").read_text(encoding="utf-8"))


def test_every_requirement_is_there_once() -> None:
    wanted = Path(__file__).with_name("asvs-5.0.0.txt").read_text(encoding="utf-8").splitlines()
    assert [f"{number} {level}" for number, level, *_rest in rows()] == wanted
    assert len(wanted) == 253


def test_each_says_how_it_is_met_and_by_what() -> None:
    for number, _level, _what, how, shown in rows():
        assert how in _HOW, number
        if how == "met":
            assert _NAMED.search(shown), f"{number} names nothing that shows it."
        if how == "**not met**":
            assert "Plan:" in shown or "see " in shown or "operator" in shown, number


def test_the_count_is_right() -> None:
    text = (SECURITY / "asvs.md").read_text(encoding="utf-8")
    hows = [how for _number, _level, _what, how, _shown in rows()]
    told = [hows.count(how) for how in ("met", "does not apply", "the operator's", "**not met**")]
    assert "Of 253: {} met, {} do not apply, {} the operator's, {} not met.".format(*told) in text


def test_what_is_named_is_there() -> None:
    for document in SECURITY.glob("*.md"):
        named = {
            name
            for name in _NAMED.findall(document.read_text(encoding="utf-8"))
            if name.startswith(("tests/", "docs/", "plexica/", "tenants/", "plugins/", "deploy/"))
            or document.name == "asvs.md"
        }
        missing = [name for name in sorted(named) if not (CHECKOUT / name).exists()]
        # The section on plugins names some tests from within their folder.
        assert not missing, f"{document.name}: {missing}"


def test_every_limit_is_documented() -> None:
    text = (SECURITY / "limits.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == set(
        django_settings.PLEXICA_RATE_LIMITS
    )
    for name, kinds in django_settings.PLEXICA_RATE_LIMITS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        for kind, most in kinds.items():
            assert str(most) in row, f"{name}, {kind}"
