ARG BASE
FROM ${BASE}
RUN /usr/sbin/useradd -u 1000 -g 0 -d /opt/keycloak keycloak
COPY java /opt/java
COPY --chown=1000:0 keycloak /opt/keycloak
ENV JAVA_HOME=/opt/java
USER 1000
