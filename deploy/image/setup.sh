#!/bin/sh
# What must be there before Plexica's processes start; all of it can be repeated.
set -eu
python manage.py prepare_database
# The command before has run the checks.
python manage.py migrate --skip-checks
python manage.py prepare_keycloak
# A tenant that cannot be brought to this version is served as it is (ADR 11).
python manage.py tenant --skip-checks upgrade ||
  echo "Some tenants are still at the version before. See the console, or: docker compose run --rm setup python manage.py tenant upgrade"
case $PLEXICA_PORT in 443) port= ;; *) port=:$PLEXICA_PORT ;; esac
echo "Plexica is set up: https://$PLEXICA_BASE_DOMAIN$port, user $PLEXICA_ADMIN_USERNAME."
echo "Its password is told by: docker compose run --rm secrets show"
