"""The references under `docs/reference/`, generated from the code: `make reference`.

A contract test generates them again and compares, so that no page says what is not so.
"""
