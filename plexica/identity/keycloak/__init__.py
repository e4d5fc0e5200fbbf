"""A thin client of Keycloak's admin API, as far as Plexica uses it."""
