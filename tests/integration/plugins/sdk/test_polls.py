"""The example in Go: its own tests, with a real database."""

from tests.examples import go_in_polls


def test_its_own_tests_pass(database_url: str) -> None:
    words = ("test", "-vet=all", "-count=1", "-v", "./...")
    said = go_in_polls(*words, PLEXICA_TEST_DATABASE_URL=database_url)
    assert "--- PASS: TestAPollIsAskedVotedInAndForgotten" in said
    assert "SKIP" not in said
