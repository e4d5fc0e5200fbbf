"""Changes that are made in Keycloak reach the rows of people, without a login (ADR 13)."""
