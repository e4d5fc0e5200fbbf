"""What `plexica-plugin dev` makes of a project, its changes and its process."""

import json
from pathlib import Path

import pytest

from plexica_sdk.building import read_manifest
from plexica_sdk.cli import main
from plexica_sdk.developing.files import Change, kind_of, look_at
from plexica_sdk.developing.package import package_to_develop
from plexica_sdk.developing.platform import Credentials
from plexica_sdk.developing.process import LOOPBACK, NotReady, Process, free_port
from plexica_sdk.errors import PluginError
from plexica_sdk.package import read_package

SERVER = """\
import http.server, os
assert "PLEXICA_TOKEN" not in os.environ
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"contract": 1}')
host, port = os.environ["PLEXICA_LISTEN"].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "shop"
    assert main(["new", "shopping-list", str(directory)]) == 0
    return directory


def test_its_package_has_a_version_of_its_own_and_no_code(project: Path) -> None:
    package = read_package(package_to_develop(project))
    assert str(package.manifest.version).startswith("0.1.0-dev.")
    assert read_manifest(project).document["plugin"]["version"] == "0.1.0", "The project stays."
    assert [name for name in package.files if name.endswith(".whl")] == [
        "wheels/developed-0-py3-none-any.whl"
    ]
    assert "static/plugin.css" in package.files


def with_programs(manifest: str) -> str:
    return manifest.replace('command = ["python", ', 'programs = "p"\ncommand = ["shop", ')


def test_programs_need_not_be_there(project: Path) -> None:
    manifest = project / "plexica-plugin.toml"
    manifest.write_text(with_programs(manifest.read_text()))
    assert read_package(package_to_develop(project)).platforms == ("linux-amd64",)


def test_a_version_that_cannot_be_found_is_said(project: Path) -> None:
    manifest = project / "plexica-plugin.toml"
    text = manifest.read_text().replace('\nversion = "0.1.0"', '\n"version" = "0.1.0"')
    manifest.write_text(text)
    with pytest.raises(PluginError, match="a line of its own"):
        package_to_develop(project)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("plexica-plugin.toml", Change.RELEASE),
        ("static/plugin.css", Change.RELEASE),
        ("src/shopping_list/migrations/0002_more.py", Change.RELEASE),
        ("src/shopping_list/views.py", Change.CODE),
        ("src/shopping_list/__pycache__/views.pyc", Change.NONE),
        (".git/index", Change.NONE),
        ("dist/some.whl", Change.NONE),
        ("author.pem", Change.NONE),
    ],
)
def test_what_a_change_asks_for(project: Path, name: str, change: Change) -> None:
    before = look_at(project)
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.read_text() + "\n" if path.exists() else "\n")
    assert kind_of(project, look_at(project).changed_since(before)) is change


def test_a_directory_with_too_much_in_it_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plexica_sdk.developing.files.MAX_FILES", 3)
    with pytest.raises(PluginError, match="more than 3 files"):
        look_at(project)


def test_the_process_has_the_contracts_variables_and_ends(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "src" / "server.py").write_text(SERVER)
    text = (project / "plexica-plugin.toml").read_text()
    command = '["python", "-m", "plexica_sdk.hosting", "shopping_list"]'
    (project / "plexica-plugin.toml").write_text(
        text.replace(command, '["python", "-m", "server"]')
    )
    monkeypatch.setenv("PLEXICA_TOKEN", "secret-1")
    variables = {"PLEXICA_LISTEN": f"{LOOPBACK}:{free_port()}"}
    process = Process(project, read_manifest(project), variables)
    process.wait_until_ready()
    assert process.ended() is None
    process.end()
    assert process.ended() is not None


def test_one_that_ends_at_once_is_said_to(project: Path) -> None:
    (project / "src" / "shopping_list" / "urls.py").write_text("oh dear\n")
    variables = {"PLEXICA_LISTEN": f"{LOOPBACK}:{free_port()}"}
    process = Process(project, read_manifest(project), variables)
    with pytest.raises(NotReady, match="has ended, with exit code 1"):
        process.wait_until_ready()


def test_a_program_that_is_not_built_is_said_to_be_missing(project: Path) -> None:
    manifest = project / "plexica-plugin.toml"
    manifest.write_text(with_programs(manifest.read_text()))
    with pytest.raises(PluginError, match="is not there: build it first"):
        Process(project, read_manifest(project), {"PLEXICA_LISTEN": f"{LOOPBACK}:1"})


def test_credentials_are_read_strictly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "credentials.json"
    names = ("console_url", "token_url", "api_client_id", "api_client_secret")
    path.write_text(json.dumps(dict.fromkeys(names, "http://x")))
    assert Credentials.read(path).client_id == "http://x"
    path.write_text("{}")
    assert main(["dev", str(tmp_path), "--tenant", "acme", "--credentials", str(path)]) == 1
    assert "is not what `make up` writes down" in capsys.readouterr().err


def test_a_platform_that_is_away_is_said_to_be(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "credentials.json"
    names = ("console_url", "token_url", "api_client_id", "api_client_secret")
    path.write_text(json.dumps(dict.fromkeys(names, f"http://{LOOPBACK}:1")))
    assert main(["dev", str(project), "--tenant", "acme", "--credentials", str(path)]) == 1
    assert "does not answer" in capsys.readouterr().err
