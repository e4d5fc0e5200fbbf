"""What `make lint` finds of secrets and of faults in what is pinned."""

import json
from pathlib import Path

import pytest

from deploy import scan


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of two files, of which git is stood in for."""
    (tmp_path / "clean.py").write_text("print('hello')\n")
    baseline = tmp_path / "baseline"
    found = json.loads(scan.BASELINE.read_text(encoding="utf-8"))
    baseline.write_text(json.dumps(found | {"results": {}}))
    monkeypatch.setattr(scan, "CHECKOUT", tmp_path)
    monkeypatch.setattr(scan, "BASELINE", baseline)
    monkeypatch.setattr(scan, "SCANNED", tmp_path / ".plexica" / "scanned.json")
    monkeypatch.setattr(scan, "_files", lambda: sorted(path.name for path in tmp_path.glob("*.py")))
    return tmp_path


def test_a_secret_is_found_however_often_one_looks(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan.scan_secrets() == 0
    (tree / "leaky.py").write_text(f"KEY = '{'AKIA' + 'IOSFODNN7EXAMPLF'}'\n")
    assert scan.scan_secrets() == 1
    assert "leaky.py" in capsys.readouterr().out
    assert scan.scan_secrets() == 1
    (tree / "leaky.py").unlink()
    assert scan.scan_secrets() == 0
    assert "0 files looked at" in capsys.readouterr().out


def test_where_git_does_not_answer_it_is_said_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scan, "CHECKOUT", tmp_path)
    assert scan.scan_secrets() == 0
    assert "not run" in capsys.readouterr().out


def answer(*dependencies: dict[str, object]) -> str:
    return json.dumps({"dependencies": dependencies})


def test_a_known_fault_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    fault = {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    said = answer({"name": "a", "version": "1", "vulns": [fault]}, {"name": "b", "vulns": []})
    assert scan._report("base.txt", said) == 1  # noqa: SLF001 (the answer is stood in for)
    assert "a 1: PYSEC-1, mended in 1.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "said", ["", "Connection refused", answer({"name": "a", "skip_reason": "not found"})]
)
def test_a_service_that_is_not_there_fails_nothing_and_is_said(
    said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan._report("base.txt", said) == 0  # noqa: SLF001 (the same)
    assert "not run" in capsys.readouterr().out
