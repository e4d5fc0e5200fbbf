"""Every environment variable that the settings read, in words.

`docs/reference/settings.md` is made from it, and a test compares it with what the settings ask for
when they are loaded.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Attributes:
        name: Its name; `<NAME>` stands for one of several servers.
        default: What counts where it is not set, in words or as it would be written; empty where
            it must be set.
        words: What it is for.
        heading: What it belongs to.
    """

    name: str
    default: str
    words: str
    heading: str


def _under(heading: str, *rows: tuple[str, str, str]) -> tuple[Variable, ...]:
    return tuple(Variable(name, default, words, heading) for name, default, words in rows)


VARIABLES = (
    *_under(
        "Where it runs",
        (
            "PLEXICA_ENVIRONMENT",
            "production",
            "What kind of place this is: production, local or test.",
        ),
        (
            "PLEXICA_BASE_DOMAIN",
            "localhost",
            "The console's host; workspaces are one name below it.",
        ),
        ("PLEXICA_SCHEME", "https in production, else http", "How browsers reach it."),
        ("PLEXICA_PORT", "443 in production, else 8000", "The port that browsers use."),
        (
            "PLEXICA_INTERNAL_URL",
            "this machine's, but in production it must be set",
            "Where Keycloak reaches the web server, which need not be where browsers do.",
        ),
        (
            "PLEXICA_TRUSTED_PROXIES",
            "0",
            "How many proxies of yours stand before the web server, each of which adds to X-Forwarded-For.",
        ),
        (
            "PLEXICA_PROXY_NETWORKS",
            "everywhere",
            "The networks that those proxies are in, such as 10.0.0.0/24, with commas between them.",
        ),
        ("PLEXICA_LOG_LEVEL", "INFO", "What is logged: DEBUG, INFO, WARNING or ERROR."),
        ("PLEXICA_DEBUG", "no", "Django's pages for developers; never in production."),
    ),
    *_under(
        "Secrets",
        ("PLEXICA_SECRET_KEY", "", "What Django signs with; 32 characters at least."),
        (
            "PLEXICA_SECRET_KEY_FALLBACKS",
            "none",
            "The keys before it, with commas between them; what they signed is accepted.",
        ),
        (
            "PLEXICA_ENCRYPTION_KEYS",
            "",
            "Fernet keys with commas between them: the first encrypts, all decrypt.",
        ),
    ),
    *_under(
        "Database",
        (
            "DATABASE_URL",
            "",
            "PostgreSQL with the login of this process: the web's or the provisioner's.",
        ),
        (
            "PLEXICA_DATABASE_ROLE_PREFIX",
            "plexica",
            "What the names of Plexica's roles begin with.",
        ),
        ("PLEXICA_DATABASE_POOL", "20", "How many connections one process has at most."),
        ("PLEXICA_STATEMENT_TIMEOUT_MS", "30000", "How many milliseconds one statement may take."),
        (
            "PLEXICA_PG_DUMP",
            "pg_dump",
            "The server's own version of it; only the provisioner runs it.",
        ),
    ),
    *_under(
        "Redis",
        ("REDIS_URL", "", "The cache."),
        (
            "CELERY_BROKER_URL",
            "",
            "The queues: another database of the same server, or another server.",
        ),
    ),
    *_under(
        "Keycloak",
        ("KEYCLOAK_URL", "", "Where browsers reach it; what the issuers of tokens begin with."),
        ("PLEXICA_KEYCLOAK_INTERNAL_URL", "KEYCLOAK_URL", "Where Plexica reaches it."),
        ("KEYCLOAK_ADMIN_CLIENT_ID", "none", "The provisioner's client in the realm master."),
        ("KEYCLOAK_ADMIN_CLIENT_SECRET", "none", "Its secret."),
        (
            "PLEXICA_REALM_CEILING",
            "800",
            "How many realms it may have; with more, it becomes slow.",
        ),
        (
            "PLEXICA_CONSOLE_CLIENT_SECRET",
            "",
            "The secret of the console's client in the platform's realm.",
        ),
        ("PLEXICA_REALM_PREFIX", "none", "What the names of tenants' realms begin with."),
        (
            "PLEXICA_MORE_KEYCLOAKS",
            "none",
            "Names of more of them, with commas between: north,south.",
        ),
        ("KEYCLOAK_<NAME>_URL", "", "The same of each of those; NORTH for north."),
        ("KEYCLOAK_<NAME>_INTERNAL_URL", "its URL", "The same."),
        ("KEYCLOAK_<NAME>_ADMIN_CLIENT_ID", "none", "The same."),
        ("KEYCLOAK_<NAME>_ADMIN_CLIENT_SECRET", "none", "The same."),
        ("KEYCLOAK_<NAME>_CEILING", "800", "The same."),
    ),
    *_under(
        "Buckets",
        ("S3_ENDPOINT_URL", "", "The S3 service."),
        ("S3_ACCESS_KEY", "", "The key whose buckets they are."),
        ("S3_SECRET_KEY", "", "Its secret."),
        ("S3_REGION", "us-east-1", "What requests are signed for."),
        ("PLEXICA_BUCKET_PREFIX", "plexica", "What the names of tenants' buckets begin with."),
        ("PLEXICA_BUCKET_CEILING", "10000", "How many buckets of tenants it may have."),
        ("PLEXICA_MORE_S3", "none", "Names of more of them, with commas between."),
        ("S3_<NAME>_ENDPOINT_URL", "", "The same of each of those."),
        ("S3_<NAME>_ACCESS_KEY", "", "The same."),
        ("S3_<NAME>_SECRET_KEY", "", "The same."),
        ("S3_<NAME>_REGION", "us-east-1", "The same."),
        ("S3_<NAME>_CEILING", "10000", "The same."),
    ),
    *_under(
        "Mail",
        ("PLEXICA_SMTP_HOST", "", "The server that sends Plexica's mail and the realms'."),
        ("PLEXICA_SMTP_PORT", "25", "Its port."),
        ("PLEXICA_SMTP_SECURITY", "none", "none, starttls or tls."),
        ("PLEXICA_SMTP_USER", "none", "Who logs in there."),
        ("PLEXICA_SMTP_PASSWORD", "none", "Their password."),
        ("PLEXICA_MAIL_FROM", "plexica@ the base domain", "What mails come from."),
    ),
    *_under(
        "Limits",
        (
            "PLEXICA_RATE_LIMIT_FACTOR",
            "1",
            "All limits of how often something may be done, times this.",
        ),
        ("PLEXICA_MAX_URL_BYTES", "8192", "How long an address with its query may be."),
        ("PLEXICA_MAX_HEADER_BYTES", "32768", "How long all headers together may be."),
        ("PLEXICA_MAX_HEADERS", "100", "How many headers there may be."),
        ("PLEXICA_FILE_MAX_MB", "100", "How much one upload of files may have."),
        (
            "PLEXICA_MAX_WAITERS",
            "4",
            "How many requests of a process may wait for a run (`Prefer: wait`).",
        ),
    ),
    *_under(
        "Provisioning",
        (
            "PLEXICA_LEASE_SECONDS",
            "60",
            "For how long a worker that is silent keeps a run to itself.",
        ),
        ("PLEXICA_STEP_ATTEMPTS", "5", "How often a step is tried."),
        (
            "PLEXICA_STEP_BACKOFF_SECONDS",
            "1.0",
            "The first pause between two tries; each next is longer.",
        ),
        (
            "PLEXICA_DELETION_GRACE_DAYS",
            "30",
            "For how long a tenant that is deleted can be restored.",
        ),
        (
            "PLEXICA_RECONCILE_REPAIRS",
            "no",
            "Whether the nightly comparison also mends what differs.",
        ),
        (
            "PLEXICA_UPGRADE_LOCK_TIMEOUT_MS",
            "200",
            "How long a tenant's upgrade waits for a table that is in use, while requests wait behind it.",
        ),
        ("PLEXICA_UPGRADE_PATIENCE_SECONDS", "30", "How long it goes on trying."),
        ("PLEXICA_UPGRADE_STATEMENT_TIMEOUT_MS", "60000", "How long one statement of it may take."),
    ),
    *_under(
        "Plugins",
        ("PLEXICA_PLUGIN_RUNTIME", "process", "What runs backends: process or container."),
        ("PLEXICA_PLUGIN_DIR", "below the checkout", "Their programs, files and logs."),
        (
            "PLEXICA_PLUGIN_STATIC_DIR",
            "below the checkout",
            "Their static files, unpacked; made again.",
        ),
        (
            "PLEXICA_PLUGIN_USERS",
            "59000-59999",
            "The OS users that an agent that runs as root gives them; nobody else's.",
        ),
        (
            "PLEXICA_PLUGIN_HOST",
            "127.0.0.1",
            "The name under which backends are reached, where the agent has a machine to itself.",
        ),
        ("PLEXICA_PLUGIN_ENGINE", "unix:///var/run/docker.sock", "The container engine's socket."),
        (
            "PLEXICA_PLUGIN_BASE_IMAGE",
            "docker.io's python, slim, of this version",
            "What images of backends begin with.",
        ),
        (
            "PLEXICA_PLUGIN_READY_SECONDS",
            "40.0",
            "For how long a run waits for a backend before it tries again.",
        ),
        (
            "PLEXICA_PLUGIN_CONNECTIONS",
            "10",
            "How many connections the role of an installation may have.",
        ),
        (
            "PLEXICA_PLUGIN_KEEP_DAYS",
            "30",
            "For how long the data is kept of a plugin that was uninstalled.",
        ),
        ("PLEXICA_PLUGIN_EXPORT_MB", "200", "How much one export of a plugin's data holds."),
    ),
    *_under(
        "Backups",
        (
            "PLEXICA_BACKUP_TARGET",
            "none: no backups by the clock",
            "A directory, or s3://bucket/prefix on the server below.",
        ),
        (
            "PLEXICA_BACKUP_RECIPIENTS",
            "none",
            "Public keys (age1…). Without any, archives are open and hold nothing that opens anything.",
        ),
        ("PLEXICA_BACKUP_HOURS", "24", "How often one is made."),
        ("PLEXICA_BACKUP_KEEP", "7", "How many stay."),
        ("PLEXICA_BACKUP_STATEMENT_SECONDS", "3600", "How long one statement may take."),
        ("PLEXICA_BACKUP_S3_ENDPOINT_URL", "the tenants'", "An S3 server of its own."),
        ("PLEXICA_BACKUP_S3_ACCESS_KEY", "none", "Its key."),
        ("PLEXICA_BACKUP_S3_SECRET_KEY", "none", "The key's secret."),
        ("PLEXICA_BACKUP_S3_REGION", "us-east-1", "What requests are signed for."),
        (
            "PLEXICA_KEYCLOAK_HOME",
            "none: people come back without their passwords",
            "Keycloak's distribution, where `kc.sh export` can be run.",
        ),
        ("PLEXICA_KEYCLOAK_JAVA_HOME", "what is on the path", "Where its Java is."),
        ("PLEXICA_KEYCLOAK_DB_URL", "none", "Its database, as jdbc:postgresql://…"),
        ("PLEXICA_KEYCLOAK_DB_USERNAME", "none", "The login there."),
        ("PLEXICA_KEYCLOAK_DB_PASSWORD", "none", "Its password."),
    ),
    *_under(
        "Observability",
        (
            "PLEXICA_METRICS_LISTEN",
            "nowhere",
            "Where a process answers Prometheus: 127.0.0.1:9464, or 0.0.0.0:9464-9467 for several.",
        ),
        ("PLEXICA_TRACE_ENDPOINT", "none: no traces", "Where spans are sent (OTLP over HTTP)."),
        ("PLEXICA_TRACE_RATIO", "0.1", "The share of requests and tasks that are traced."),
        ("PLEXICA_TRACE_PLUGIN_ENDPOINT", "none", "Where backends of plugins send theirs."),
    ),
    *_under(
        "Files",
        ("PLEXICA_STATIC_ROOT", "below the checkout", "Where static files are gathered."),
    ),
)
