"""Permission keys, the patterns that grants are written in, and which covers which.

A key is `namespace:resource:action`. A pattern is a key, `namespace:resource:*`, `namespace:*` or
`*`. Nothing else may carry a wildcard.
"""

import re

SEPARATOR = ":"
WILDCARD = "*"
MAX_LENGTH = 150

_SEGMENT = r"[a-z][a-z0-9_-]{0,48}"
KEY_EXPRESSION = rf"{_SEGMENT}:{_SEGMENT}:{_SEGMENT}"
PATTERN_EXPRESSION = rf"\*|{_SEGMENT}:\*|{_SEGMENT}:{_SEGMENT}:(\*|{_SEGMENT})"

_KEY = re.compile(KEY_EXPRESSION)
_PATTERN = re.compile(PATTERN_EXPRESSION)


def is_key(text: str) -> bool:
    """Return whether a text is a permission key."""
    return _KEY.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Return whether a text is a pattern of permission keys; each key is one."""
    return _PATTERN.fullmatch(text) is not None


def matches(pattern: str, key: str) -> bool:
    """Return whether a pattern covers a key.

    Args:
        pattern: A pattern, such as `crm:deals:*`. A text that is no pattern covers nothing.
        key: A key, or another pattern: then the answer is whether all that it covers is covered.
            A text that is neither is covered by nothing.
    """
    if not (is_pattern(pattern) and is_pattern(key)):
        return False
    if pattern in {WILDCARD, key}:
        return True
    prefix = pattern.removesuffix(WILDCARD)
    return prefix != pattern and key.startswith(prefix)
