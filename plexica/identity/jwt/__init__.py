"""Checking the tokens that a realm signs."""
