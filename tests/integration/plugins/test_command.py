"""`manage.py plugin` and `plexica-plugin`, one after the other, as the pages say."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from plexica.audit.models import AuditEntry
from plexica.core.actor import operator
from plexica_sdk.cli import main
from plugins.models import Release, TrustedKey
from tests.commands import Tell, teller
from tests.integration.plugins.packages import MANIFEST, Author, wheel

PACKAGE_PAGE = Path(settings.BASE_DIR) / "docs" / "plugins" / "package.md"


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Run the command as a shell would."""
    return teller("plugin", capsys)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a plugin, where one works."""
    words = {"slug": "hello", "name": "Hello", "version": "0.1.0", "author": "Ada"}
    (tmp_path / "plexica-plugin.toml").write_text(MANIFEST.format(**words))
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "hello-0.1.0-py3-none-any.whl").write_bytes(wheel())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_can_be_followed_word_for_word(project: Path, tell: Tell) -> None:
    lines = re.findall(
        r"^(?:plexica-plugin|manage\.py plugin) .*$", PACKAGE_PAGE.read_text(), re.MULTILINE
    )
    assert len(lines) == 8
    for line in lines:
        words = [quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|(\S+)', line)]
        if words[0] == "plexica-plugin":
            assert main(words[1:]) == 0, line
        else:
            assert tell(*words[2:]).code == 0, line
    release = Release.objects.get()
    assert (release.state, release.key.name) == ("PUBLISHED", "Ada's key")


def test_what_is_registered_is_listed_and_shown(tmp_path: Path, tell: Tell, ada: Author) -> None:
    file = tmp_path / "hello.plexica"
    file.write_bytes(ada.package())
    said = tell("register", str(file), "--json")
    assert (said.code, said.document["state"]) == (0, "REGISTERED")
    assert "was registered before" in tell("register", str(file)).out
    listed = tell("list", "--json").document
    assert [(found["slug"], found["version"]) for found in listed] == [("hello", "0.1.0")]
    assert tell("list", "--state", "PUBLISHED", "--json").document == []
    assert tell("list", "--search", "ELL", "--json").document == listed
    shown = tell("show", "hello", "--json").document
    assert shown["releases"][0]["key"] == TrustedKey.objects.get().fingerprint
    assert "0.1.0" in tell("show", "hello").out


def test_releases_are_moved_with_reasons(tell: Tell, ada: Author) -> None:
    ada.registered()
    assert tell("deprecate", "hello", "0.1.0").code == 4
    assert tell("publish", "hello", "0.1.0").out == "hello 0.1.0 is published.\n"
    assert tell("deprecate", "hello", "0.1.0", "--reason", "Old.").code == 0
    said = tell("withdraw", "hello", "0.1.0", "--reason", "Broken.", "--json")
    assert (said.document["state"], said.document["reason"]) == ("WITHDRAWN", "Broken.")
    assert tell("publish", "hello", "0.1.0").code == 4
    entry = AuditEntry.objects.filter(target="plugin:hello").latest("at")
    assert entry.actor_name == operator().name


def test_keys_are_trusted_listed_and_revoked(tmp_path: Path, tell: Tell) -> None:
    file = tmp_path / "author.pub"
    file.write_text(Author().public_key + "\n")
    assert tell("trust", str(file), "--name", "Ada's key").code == 0
    assert tell("trust", str(file), "--name", "Ada's key").code == 4
    listed = tell("keys", "--json").document
    assert listed[0]["is_trusted"] is True
    assert tell("revoke", listed[0]["fingerprint"][:12]).code == 0
    assert "revoked" in tell("keys").out
    assert tell("revoke", listed[0]["fingerprint"]).code == 4


def test_what_is_refused_has_a_code_and_words(tmp_path: Path, tell: Tell, ada: Author) -> None:
    rubbish = tmp_path / "rubbish.plexica"
    rubbish.write_bytes(b"PK")
    stranger = tmp_path / "stranger.plexica"
    stranger.write_bytes(Author().package())
    for words, code, text in (
        (("register", str(tmp_path / "no.plexica")), 2, "cannot be read"),
        (("register", str(rubbish)), 2, "no package"),
        (("register", str(stranger)), 1, "does not trust"),
        (("trust", str(rubbish), "--name", "x"), 2, "public_key"),
        (("show", "nothing"), 3, "no plugin"),
        (("publish", "nothing", "1.0.0"), 3, "no such release"),
        (("revoke", "ffff"), 3, "no key"),
        (("revoke", ""), 3, "no key"),
    ):
        said = tell(*words)
        assert (said.code, said.out) == (code, ""), words
        assert text in said.err
