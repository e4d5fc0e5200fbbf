ARG BASE
FROM ${BASE}
RUN apt-get update -q && apt-get install -yq --no-install-recommends busybox && ln -s /bin/busybox /usr/bin/wget
COPY caddy /usr/bin/caddy
