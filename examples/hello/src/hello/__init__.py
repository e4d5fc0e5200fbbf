"""An example of a plugin for Plexica: a greeting and a board of notes."""
