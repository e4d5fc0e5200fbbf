"""A platform that looks as if people worked with it: five tenants, made by `make demo`."""
