"""What a browser says that it is, in two names that people know.

A few rules for what nearly everybody uses. Whatever they do not know is not guessed at: browsers
say what they like, and nothing depends on it.
"""

from dataclasses import dataclass

# The first that occurs counts: most browsers also name those that they want to be taken for.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody is logged in with.

    Attributes:
        browser: Its name; empty if it is not known.
        system: The operating system's; empty if it is not known.
    """

    browser: str = ""
    system: str = ""


def device_of(user_agent: str) -> Device:
    """Return what a browser says of itself (`User-Agent`, RFC 9110, section 10.1.5)."""
    return Device(browser=_first(_BROWSERS, user_agent), system=_first(_SYSTEMS, user_agent))


def _first(names: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for part, name in names if part in said), "")
