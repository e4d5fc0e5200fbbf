import pytest

from plexica.core.exports import plain_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        # Where people write `1,5`, spreadsheets end a cell here.
        ("x;=cmd|'/C calc'!A0", "x;'=cmd|'/C calc'!A0"),
        ("x; =1;+1", "x;' =1;'+1"),
        ("first\n=1", "first\n'=1"),
        ("\tplain", "'\tplain"),
        ("A-B; c=d", "A-B; c=d"),
        (-5, "'-5"),
        (None, ""),
        ("", ""),
    ],
)
def test_no_cell_begins_a_formula(value: object, cell: str) -> None:
    assert plain_cell(value) == cell
