"""Where in a TOML file each value stands, which Python's own reader does not say."""

import re

Path = tuple[str | int, ...]

_BLANK = " \t"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SIMPLE_VALUE = re.compile(r"[^\s,\]}#]+(?: [0-9][^\s,\]}#]*)?")


def locate(text: str) -> dict[Path, int]:
    """Return the line of each table, key and element.

    Args:
        text: A TOML file that `tomllib` has read without complaint; nothing is checked here.
    """
    return _Reader(text.replace("\r\n", "\n")).read()


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """Return the line of a value, or of the nearest thing that it is in."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}
        # How many tables each array of tables has had.
        self._counts: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank_lines():
            if self._text.startswith("[[", self._at):
                table = self._header(2, is_array=True)
            elif self._text[self._at] == "[":
                table = self._header(1, is_array=False)
            else:
                self._pair(table)
        return self._lines

    def _note(self, path: Path, at: int) -> None:
        # The first place counts: a later one only adds to the same table.
        self._lines.setdefault(path, self._text.count("\n", 0, at) + 1)

    def _skip_blank_lines(self) -> bool:
        while self._at < len(self._text):
            symbol = self._text[self._at]
            if symbol == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif symbol in " \t\n":
                self._at += 1
            else:
                return True
        return False

    def _skip_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANK:
            self._at += 1

    def _header(self, brackets: int, *, is_array: bool) -> Path:
        begin = self._at
        self._at += brackets
        *outer, last = self._key()
        self._at += brackets
        path: Path = ()
        for name in outer:
            path = self._inside((*path, name))
            self._note(path, begin)
        path = (*path, last)
        if is_array:
            self._note(path, begin)
            self._counts[path] = self._counts.get(path, 0) + 1
        found = self._inside(path)
        self._note(found, begin)
        return found

    def _inside(self, path: Path) -> Path:
        """Return the last table of an array of tables; of anything else, itself."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip_blanks()
            names.append(self._name())
            self._skip_blanks()
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _name(self) -> str:
        if self._text[self._at] in "\"'":
            return self._string()
        found = _BARE_KEY.match(self._text, self._at)
        assert found is not None  # noqa: S101 (the text is TOML)
        self._at = found.end()
        return found[0]

    def _pair(self, table: Path) -> None:
        begin = self._at
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path, begin)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip_blanks()
        symbol = self._text[self._at]
        if symbol == "[":
            self._array(path)
        elif symbol == "{":
            self._inline_table(path)
        elif symbol in "\"'":
            self._string()
        else:
            found = _SIMPLE_VALUE.match(self._text, self._at)
            self._at = found.end() if found else self._at + 1

    def _array(self, path: Path) -> None:
        self._at += 1
        position = 0
        while self._skip_blank_lines() and self._text[self._at] != "]":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._note((*path, position), self._at)
            self._value((*path, position))
            position += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._skip_blank_lines() and self._text[self._at] != "}":
            if self._text[self._at] == ",":
                self._at += 1
            else:
                self._pair(path)
        self._at += 1

    def _string(self) -> str:
        """Go behind a string, and return what is between its marks, as far as keys need it."""
        mark = self._text[self._at]
        fence = mark * 3
        if self._text.startswith(fence, self._at):
            return self._between(fence, has_escapes=mark == '"')
        return self._between(mark, has_escapes=mark == '"')

    def _between(self, fence: str, *, has_escapes: bool) -> str:
        begin = self._at = self._at + len(fence)
        while not self._text.startswith(fence, self._at):
            self._at += 2 if has_escapes and self._text[self._at] == "\\" else 1
        # Up to two more marks at the end belong to the string.
        while len(fence) > 1 and self._text.startswith(fence, self._at + 1):
            self._at += 1
        found = self._text[begin : self._at]
        self._at += len(fence)
        return found
