ARG BASE
FROM ${BASE}
RUN /usr/sbin/groupadd -g 999 redis && /usr/sbin/useradd -u 999 -g 999 redis && install -d -o 999 -g 999 /data \
  && apt-get update -q && apt-get install -yq --no-install-recommends redis-server
