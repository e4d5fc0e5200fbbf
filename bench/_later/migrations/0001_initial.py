from importlib import import_module

Migration = import_module("plexica.audit.migrations.0001_initial").Migration
