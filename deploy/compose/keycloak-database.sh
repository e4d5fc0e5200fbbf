#!/bin/sh
# Makes Keycloak's login and database, when the server's own are made.
set -e
psql --username postgres --set ON_ERROR_STOP=1 \
  --set password="$(cat /run/secrets/KEYCLOAK_DB_PASSWORD)" <<'SQL'
CREATE ROLE keycloak LOGIN PASSWORD :'password';
CREATE DATABASE keycloak OWNER keycloak;
REVOKE CONNECT ON DATABASE keycloak FROM PUBLIC;
SQL
