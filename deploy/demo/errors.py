"""What the demo says when it cannot go on."""


class DemoError(Exception):
    """The demo cannot be made; the words say why."""
