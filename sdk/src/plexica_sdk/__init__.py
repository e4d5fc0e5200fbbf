"""What a plugin of Plexica is written, checked, packaged and signed with."""

__version__ = "0.1.0"
