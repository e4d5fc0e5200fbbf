#!/bin/bash
# The part of the official image's program that compose.yaml relies on.
set -e
data=/var/lib/postgresql/18/docker
if [ ! -s $data/PG_VERSION ]; then
  mkdir -p $data && chmod 700 $data
  eval "initdb --pgdata $data --username postgres --pwfile $POSTGRES_PASSWORD_FILE $POSTGRES_INITDB_ARGS"
  printf 'host all all all scram-sha-256\nlocal all all trust\n' > $data/pg_hba.conf
  export PGHOST=/var/run/postgresql
  pg_ctl -D $data -o "-c listen_addresses='' -k $PGHOST" -w start
  for script in /docker-entrypoint-initdb.d/*.sh; do . $script; done
  pg_ctl -D $data -m fast -w stop
fi
exec "$@" -D $data -c listen_addresses='*' -k /var/run/postgresql
