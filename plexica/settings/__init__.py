"""One configuration for all places, driven by the environment (see `environment.py`).

Every name here is either Django's, a library's, or begins with `PLEXICA_`, `KEYCLOAK_` or `S3_`.
"""

import sys
from pathlib import Path
from typing import Any

from plexica.core.logging import logging_config
from plexica.settings.api import (
    HOST_SPECTACULAR_SETTINGS,
    REST_FRAMEWORK,
    SPECTACULAR_SETTINGS,
    WORKSPACE_SPECTACULAR_SETTINGS,
)
from plexica.settings.backups import (
    PLEXICA_BACKUP_HOURS,
    PLEXICA_BACKUP_KEEP,
    PLEXICA_BACKUP_RECIPIENTS,
    PLEXICA_BACKUP_S3_ACCESS_KEY,
    PLEXICA_BACKUP_S3_ENDPOINT_URL,
    PLEXICA_BACKUP_S3_REGION,
    PLEXICA_BACKUP_S3_SECRET_KEY,
    PLEXICA_BACKUP_STATEMENT_SECONDS,
    PLEXICA_BACKUP_TARGET,
    PLEXICA_KEYCLOAK_DB_PASSWORD,
    PLEXICA_KEYCLOAK_DB_URL,
    PLEXICA_KEYCLOAK_DB_USERNAME,
    PLEXICA_KEYCLOAK_HOME,
    PLEXICA_KEYCLOAK_JAVA_HOME,
)
from plexica.settings.environment import (
    Environment,
    database,
    env,
    matching,
    networks,
    number_range,
    read_environment,
    required,
    secret,
    secrets,
)
from plexica.settings.instruments import (
    PLEXICA_METRICS_LISTEN,
    PLEXICA_TRACE_ENDPOINT,
    PLEXICA_TRACE_PLUGIN_ENDPOINT,
    PLEXICA_TRACE_RATIO,
)
from plexica.settings.jobs import (
    CELERY_BEAT_SCHEDULE,
    CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP,
    CELERY_BROKER_TRANSPORT_OPTIONS,
    CELERY_TASK_ACKS_LATE,
    CELERY_TASK_DEFAULT_QUEUE,
    CELERY_TASK_IGNORE_RESULT,
    CELERY_TASK_PUBLISH_RETRY_POLICY,
    CELERY_TASK_REJECT_ON_WORKER_LOST,
    CELERY_TASK_ROUTES,
    CELERY_WORKER_HIJACK_ROOT_LOGGER,
    CELERY_WORKER_PREFETCH_MULTIPLIER,
)
from plexica.settings.servers import read_keycloaks, read_s3
from plexica.settings.steps import (
    TENANT_PARTS,
    TENANT_STEPS,
)
from plexica.settings.version import PLEXICA_VERSION

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# Where it runs
PLEXICA_ENVIRONMENT = read_environment()
_IS_PRODUCTION = PLEXICA_ENVIRONMENT == Environment.PRODUCTION
PLEXICA_BASE_DOMAIN = matching(
    "PLEXICA_BASE_DOMAIN", r"[a-z0-9-]+(\.[a-z0-9-]+)*", default="localhost"
)
PLEXICA_SCHEME = matching(
    "PLEXICA_SCHEME", r"https?", default="https" if _IS_PRODUCTION else "http"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
PLEXICA_PORT = env.int("PLEXICA_PORT", default=443 if _IS_PRODUCTION else 8000)
PLEXICA_PORT_SUFFIX = (
    "" if _DEFAULT_PORTS.get(PLEXICA_SCHEME) == PLEXICA_PORT else f":{PLEXICA_PORT}"
)
PLEXICA_CONSOLE_URL = f"{PLEXICA_SCHEME}://{PLEXICA_BASE_DOMAIN}{PLEXICA_PORT_SUFFIX}"
# Where Keycloak reaches the web server, which need not be where browsers do.
PLEXICA_INTERNAL_URL = (
    required("PLEXICA_INTERNAL_URL")
    if _IS_PRODUCTION
    else env.str("PLEXICA_INTERNAL_URL", default=f"http://127.0.0.1:{PLEXICA_PORT}")
).rstrip("/")
IS_SECURE = PLEXICA_SCHEME == "https"

# Secrets
DEBUG = env.bool("PLEXICA_DEBUG", default=False) and not _IS_PRODUCTION
SECRET_KEY = secret("PLEXICA_SECRET_KEY")
# The keys before it, whose signatures are accepted until they are taken away.
SECRET_KEY_FALLBACKS = secrets("PLEXICA_SECRET_KEY_FALLBACKS")
PLEXICA_ENCRYPTION_KEYS: list[str] = [
    key for key in required("PLEXICA_ENCRYPTION_KEYS").split(",") if key
]

# Applications. A shared app has its tables once, in `public`; a tenant app in every tenant's schema
# and in the platform's own. No app is in both, so a query never falls through to another's table.
SHARED_APPS = ["tenants", "plexica.events", "plugins", "plexica.backup"]
TENANT_APPS = ["plexica.identity", "plexica.rbac", "plexica.audit", "django.contrib.sessions"]
INSTALLED_APPS = [
    *SHARED_APPS,
    *TENANT_APPS,
    "plexica.core",
    "plexica.storage",
    "plexica.console",
    "plexica.workspace",
    # These have models whose tables exist nowhere: Plexica keeps users and permissions itself.
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_tenants",
    "django.contrib.messages",
    "plexica.core.static_files.CollectedFilesConfig",
    "django_htmx",
    "django_structlog",
    "mozilla_django_oidc",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "plexica.core.observe.requests.MetricsMiddleware",
    "plexica.core.observe.tracing.TraceMiddleware",
    "plexica.core.security_headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "plexica.core.limits.HeadLimitMiddleware",
    "plexica.core.health.HealthMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # It adds a random length, so that sizes tell nobody what a page holds (ADR 20).
    "django.middleware.gzip.GZipMiddleware",
    "plexica.core.languages.LanguageMiddleware",
    "tenants.middleware.TenantMiddleware",
    "plexica.core.request_log.RequestLogMiddleware",
    "plexica.core.limits.BodyLimitMiddleware",
    "plexica.core.rate_limit_middleware.ApiRateMiddleware",
    "plexica.core.csp.ScopedCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "plexica.identity.authentication.SessionUserMiddleware",
    "plexica.core.languages.OwnLanguageMiddleware",
    "plexica.identity.oidc.middleware.BrowserSessionMiddleware",
    "plexica.rbac.visit_middleware.VisitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "plexica.core.error_pages.ErrorPageMiddleware",
    "plexica.core.rate_limit_middleware.WriteRateMiddleware",
    "plexica.core.form_limits.FormLimitMiddleware",
]

ROOT_URLCONF = "plexica.urls_workspace"
PUBLIC_SCHEMA_URLCONF = "plexica.urls_console"
WSGI_APPLICATION = "plexica.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "plexica.core.templatetags.components",
                "plexica.rbac.templatetags.permissions",
            ],
        },
    }
]

# Database: the web's login, or the provisioner's in its own process.
# Short enough that a role named after a schema of 34 characters fits PostgreSQL's 63.
PLEXICA_DATABASE_ROLE_PREFIX = matching(
    "PLEXICA_DATABASE_ROLE_PREFIX", r"[a-z][a-z0-9_]{0,19}", default="plexica"
)
_STATEMENT_TIMEOUT_MS = env.int("PLEXICA_STATEMENT_TIMEOUT_MS", default=30_000)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "plexica.core.postgresql",
        **database("DATABASE_URL"),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "options": f"-c statement_timeout={_STATEMENT_TIMEOUT_MS} -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=60000",
            "pool": {
                "min_size": 1,
                "max_size": env.int("PLEXICA_DATABASE_POOL", default=20),
                "timeout": 5,
                # The pool would wait twice as long after each failed attempt, and longer than an
                # outage lasts. So it gives up at once, and tries anew for the next request.
                "reconnect_timeout": 0,
            },
        },
    }
}
# Of the server's own version; only the provisioner runs it.
PLEXICA_PG_DUMP = env.str("PLEXICA_PG_DUMP", default="pg_dump")
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_LIMIT_SET_CALLS = True

# Cache: each scope has its own keys.
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": required("REDIS_URL"),
        "KEY_FUNCTION": "plexica.core.cache.make_key",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 2,
        },
    }
}

# Sessions: in the scope's own schema, so that one tenant's session is unknown to the next.
SESSION_ENGINE = "plexica.identity.session_store"
SESSION_COOKIE_NAME = "__Host-session" if IS_SECURE else "session"
SESSION_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The longest that a session may last; a login sets what its tenant allows, and
# BrowserSessionMiddleware ends what is over.
SESSION_COOKIE_AGE = 10 * 60 * 60
CSRF_COOKIE_NAME = "__Host-csrf" if IS_SECURE else "csrf"
CSRF_COOKIE_SECURE = IS_SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "plexica.core.error_pages.csrf_failure"

# Browser security
ALLOWED_HOSTS = ["*"]  # TenantMiddleware decides: an unknown host gets one and the same 404
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if IS_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_SECURE else None
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # The proxy in front redirects to HTTPS; Plexica itself is not reached from outside.
    "security.W008",
    # Whether a domain goes into the browsers' lists is for its owner to say: it cannot be undone.
    "security.W021",
]

# How many proxies of ours stand before the web server, each of which adds to X-Forwarded-For.
PLEXICA_TRUSTED_PROXIES = env.int("PLEXICA_TRUSTED_PROXIES", default=0)

# Where those proxies are; without any, headers of whoever speaks to the web server are believed.
PLEXICA_PROXY_NETWORKS = networks("PLEXICA_PROXY_NETWORKS")

# How often something may be tried in a minute. A login counts twice: where it begins and where it
# ends. `token` are those that are refused, `secret` those of service accounts that are made.
PLEXICA_RATE_LIMITS = {
    "login": {"address": 120, "account": 20},
    "token": {"address": 60, "account": 20},
    "secret": {"address": 60, "account": 20},
    "invitation": {"address": 60, "account": 30},
    "picture": {"address": 60, "account": 20},
    "plugin-mail": {"account": 60},
    # Every call of the API, and everything that changes something, on pages too. `tenant` are new
    # tenants, `upload` files, `plugin` what one installation asks of its host.
    "api": {"address": 6000, "account": 1200},
    "write": {"address": 600, "account": 240},
    "tenant": {"account": 120},
    "upload": {"address": 240, "account": 60},
    "plugin": {"account": 6000},
}
PLEXICA_RATE_LIMIT_FACTOR = env.int("PLEXICA_RATE_LIMIT_FACTOR", default=1)

# Limits of what comes in: an address with its query, all headers together, and how many they are.
PLEXICA_MAX_URL_BYTES = env.int("PLEXICA_MAX_URL_BYTES", default=8 * 1024)
PLEXICA_MAX_HEADER_BYTES = env.int("PLEXICA_MAX_HEADER_BYTES", default=32 * 1024)
PLEXICA_MAX_HEADERS = env.int("PLEXICA_MAX_HEADERS", default=100)
PLEXICA_MAX_API_BODY_BYTES = 64 * 1024
# The addresses of the API that take a file, and how large it may be.
PLEXICA_MAX_API_FILE_BYTES = {
    "/api/plugins/releases": 20 * 1024 * 1024,
    "/api/plugins/development": 20 * 1024 * 1024,
}
# The same of all addresses below one: what is for plugins, and what plugins themselves send.
PLEXICA_MAX_API_BYTES_BELOW = {
    "/api/x/": 10 * 1024 * 1024,
    "/api/host/v1/files/": 10 * 1024 * 1024,
}
# What one upload of files may have, of whoever may send one, and what every other form may.
PLEXICA_FILE_MAX_MB = env.int("PLEXICA_FILE_MAX_MB", default=100)
PLEXICA_FORM_MAX_MB = 25
PLEXICA_UPLOAD_PATHS = {"/files/upload/": "core:files:upload"}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# A role has 500 grants at most, each a field of its form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 600

# Keycloak
KEYCLOAK_SERVERS = read_keycloaks()
PLEXICA_CONSOLE_CLIENT_SECRET = secret("PLEXICA_CONSOLE_CLIENT_SECRET")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        # ScopedCSPMiddleware adds the Keycloak of the tenant at hand.
        "form-action": ["'self'"],
    }
}

# Login: mozilla-django-oidc, whose provider follows the scope (plexica.identity.oidc)
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["plexica.identity.oidc.backend.ScopedOIDCBackend"]
LOGIN_URL = "oidc_authentication_init"

# Buckets
S3_SERVERS = read_s3()
# With a slug of 32 characters, a bucket's name has 63 at most.
PLEXICA_BUCKET_PREFIX = matching(
    "PLEXICA_BUCKET_PREFIX", r"[a-z0-9][a-z0-9-]{0,28}[a-z0-9]", default="plexica"
)
PLEXICA_REALM_PREFIX = matching("PLEXICA_REALM_PREFIX", r"([a-z0-9-]{1,20})?", default="")
STORAGES = {
    "default": {"BACKEND": "plexica.storage.backend.TenantStorage"},
    "staticfiles": {
        "BACKEND": {
            Environment.PRODUCTION: "plexica.core.static_files.StaticStorage",
            Environment.LOCAL: "plexica.core.static_files.StaticStorage",
            Environment.TEST: "django.contrib.staticfiles.storage.StaticFilesStorage",
        }[PLEXICA_ENVIRONMENT]
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.path("PLEXICA_STATIC_ROOT", default=str(BASE_DIR / ".plexica" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = PLEXICA_ENVIRONMENT == Environment.TEST

# Plugins' static files, unpacked by whoever serves them; what is missing is made again.
PLEXICA_PLUGIN_STATIC_DIR = env.path(
    "PLEXICA_PLUGIN_STATIC_DIR", default=str(BASE_DIR / ".plexica" / "plugin-static")
)

# Mail, sent by the realms and by Plexica
EMAIL_HOST = required("PLEXICA_SMTP_HOST")
EMAIL_PORT = env.int("PLEXICA_SMTP_PORT", default=25)
EMAIL_HOST_USER = env.str("PLEXICA_SMTP_USER", default="")
EMAIL_HOST_PASSWORD = env.str("PLEXICA_SMTP_PASSWORD", default="")
_SMTP_SECURITY = matching("PLEXICA_SMTP_SECURITY", r"none|starttls|tls", default="none")
EMAIL_USE_TLS = _SMTP_SECURITY == "starttls"
EMAIL_USE_SSL = _SMTP_SECURITY == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("PLEXICA_MAIL_FROM", default=f"plexica@{PLEXICA_BASE_DOMAIN}")

# Jobs
CELERY_BROKER_URL = required("CELERY_BROKER_URL")

# Provisioning
# How long a tenant's upgrade waits for a table that is in use, while requests wait behind it (well
# below PostgreSQL's deadlock_timeout, so that no request is ended for it); how long it goes on
# trying; how long one statement may take.
PLEXICA_UPGRADE_LOCK_TIMEOUT_MS = env.int("PLEXICA_UPGRADE_LOCK_TIMEOUT_MS", default=200)
PLEXICA_UPGRADE_PATIENCE_SECONDS = env.int("PLEXICA_UPGRADE_PATIENCE_SECONDS", default=30)
PLEXICA_UPGRADE_STATEMENT_TIMEOUT_MS = env.int(
    "PLEXICA_UPGRADE_STATEMENT_TIMEOUT_MS", default=60_000
)
# Whether the nightly comparison also mends what differs.
PLEXICA_RECONCILE_REPAIRS = env.bool("PLEXICA_RECONCILE_REPAIRS", default=False)
# For how long the data of a plugin is kept that was uninstalled; how many connections the role of
# an installation may have; how much one export holds; for how long a run
# waits for a backend before it tries again.
PLEXICA_PLUGIN_KEEP_DAYS = env.int("PLEXICA_PLUGIN_KEEP_DAYS", default=30)
PLEXICA_PLUGIN_CONNECTIONS = env.int("PLEXICA_PLUGIN_CONNECTIONS", default=10)
PLEXICA_PLUGIN_EXPORT_MB = env.int("PLEXICA_PLUGIN_EXPORT_MB", default=200)
PLEXICA_PLUGIN_READY_SECONDS = env.float("PLEXICA_PLUGIN_READY_SECONDS", default=40.0)
PLEXICA_DELETION_GRACE_DAYS = env.int("PLEXICA_DELETION_GRACE_DAYS", default=30)
PLEXICA_LEASE_SECONDS = env.int("PLEXICA_LEASE_SECONDS", default=60)
PLEXICA_STEP_ATTEMPTS = env.int("PLEXICA_STEP_ATTEMPTS", default=5)
PLEXICA_STEP_BACKOFF_SECONDS = env.float("PLEXICA_STEP_BACKOFF_SECONDS", default=1.0)
PLEXICA_MAX_WAITERS = env.int("PLEXICA_MAX_WAITERS", default=4)

# Plugins (ADR 21): where their backends have their programs, files and logs, and the OS users that
# an agent that runs as root gives to them, which must be nobody else's.
PLEXICA_PLUGIN_DIR = env.path("PLEXICA_PLUGIN_DIR", default=str(BASE_DIR / ".plexica" / "plugins"))
# The name under which backends are reached, and listen, where the agent has a machine to itself.
PLEXICA_PLUGIN_HOST = matching("PLEXICA_PLUGIN_HOST", r"[a-z0-9.-]{1,100}", default="127.0.0.1")
PLEXICA_PLUGIN_USERS = number_range("PLEXICA_PLUGIN_USERS", default="59000-59999")
# What runs them (ADR 23): processes, or containers of the engine behind a socket, whose images
# begin with one that has this Python.
PLEXICA_PLUGIN_RUNTIME = matching("PLEXICA_PLUGIN_RUNTIME", "process|container", default="process")
PLEXICA_PLUGIN_ENGINE = matching(
    "PLEXICA_PLUGIN_ENGINE", "unix:///.+", default="unix:///var/run/docker.sock"
)
PLEXICA_PLUGIN_BASE_IMAGE = env.str(
    "PLEXICA_PLUGIN_BASE_IMAGE",
    default="docker.io/library/python:{}.{}-slim-bookworm".format(*sys.version_info),
)

# API

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("it", "Italiano")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["plexica.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = logging_config(level=env.str("PLEXICA_LOG_LEVEL", default="INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"
DJANGO_STRUCTLOG_CELERY_ENABLED = True
