"""What plugins say they work with, and the API is called by."""

PLEXICA_VERSION = "0.1.0"
