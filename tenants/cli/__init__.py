"""`manage.py tenant`: everything that can be done with tenants, for operators and scripts."""
