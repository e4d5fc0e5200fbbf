"""A later release of the audit app, for the upgrade benchmark."""
