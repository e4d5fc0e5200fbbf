"""Where backups go, who may open them, how often they are made and how many are kept."""

from plexica.settings.environment import env

# A directory, or s3://bucket/prefix on the server below; empty: no backups by the clock.
PLEXICA_BACKUP_TARGET = env.str("PLEXICA_BACKUP_TARGET", default="")
# Public keys (age1…), with commas between them. Without any, archives are not encrypted and hold
# nothing that opens anything.
PLEXICA_BACKUP_RECIPIENTS: list[str] = [
    key.strip()
    for key in env.str("PLEXICA_BACKUP_RECIPIENTS", default="").split(",")
    if key.strip()
]
PLEXICA_BACKUP_KEEP = env.int("PLEXICA_BACKUP_KEEP", default=7)
PLEXICA_BACKUP_HOURS = env.int("PLEXICA_BACKUP_HOURS", default=24)
# How long one statement may take, such as the copy of a large table.
PLEXICA_BACKUP_STATEMENT_SECONDS = env.int("PLEXICA_BACKUP_STATEMENT_SECONDS", default=3600)
# An S3 server of its own; without one, that of the tenants' buckets.
PLEXICA_BACKUP_S3_ENDPOINT_URL = env.str("PLEXICA_BACKUP_S3_ENDPOINT_URL", default="")
PLEXICA_BACKUP_S3_ACCESS_KEY = env.str("PLEXICA_BACKUP_S3_ACCESS_KEY", default="")
PLEXICA_BACKUP_S3_SECRET_KEY = env.str("PLEXICA_BACKUP_S3_SECRET_KEY", default="")
PLEXICA_BACKUP_S3_REGION = env.str("PLEXICA_BACKUP_S3_REGION", default="us-east-1")

# Keycloak's distribution and database, where `kc.sh export` can be run; without them, people come
# back without their passwords.
PLEXICA_KEYCLOAK_HOME = env.str("PLEXICA_KEYCLOAK_HOME", default="")
# Where its Java is; empty: whatever `java` is found on the path.
PLEXICA_KEYCLOAK_JAVA_HOME = env.str("PLEXICA_KEYCLOAK_JAVA_HOME", default="")
PLEXICA_KEYCLOAK_DB_URL = env.str("PLEXICA_KEYCLOAK_DB_URL", default="")
PLEXICA_KEYCLOAK_DB_USERNAME = env.str("PLEXICA_KEYCLOAK_DB_USERNAME", default="")
PLEXICA_KEYCLOAK_DB_PASSWORD = env.str("PLEXICA_KEYCLOAK_DB_PASSWORD", default="")
