# Plexica's own processes: compose.yaml runs all of them from this one image.
# Like compose.yaml it is completed and proved in a later milestone (M1.7).
FROM node:24-bookworm-slim AS frontend
WORKDIR /srv/plexica
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY deploy/frontend deploy/frontend
RUN npm run build

FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/srv/plexica/sdk/src
WORKDIR /srv/plexica
# The template of new tenants is made by pg_dump, which must be as new as the server.
COPY --from=postgres:18-bookworm /usr/lib/postgresql/18/bin/pg_dump /usr/local/bin/
COPY --from=postgres:18-bookworm /usr/lib/*-linux-gnu/libpq.so.5* /usr/local/lib/
RUN apt-get update -q && apt-get install -yq --no-install-recommends libpq5 \
  && rm -rf /var/lib/apt/lists/* && ldconfig
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY . .
COPY --from=frontend /srv/plexica/static/vendor static/vendor
RUN python deploy/messages.py
# A volume mounted here takes this directory's owner.
RUN useradd --system --no-create-home plexica \
  && mkdir collected plugins.d plugin-static && chown plexica:plexica collected plugin-static
USER plexica
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "plexica.wsgi:application", "--host", "0.0.0.0", \
     "--port", "8000", "--workers", "1", "--blocking-threads", "16", "--respawn-failed-workers"]
