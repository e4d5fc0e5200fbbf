"""The subcommands of `manage.py backup`."""
