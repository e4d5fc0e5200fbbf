"""The slug of a tenant, and every name that is derived from it.

Lengths: a schema and a role have 63 bytes at most (PostgreSQL's NAMEDATALEN - 1), a bucket 63
characters (Amazon S3 bucket naming rules), a DNS label 63 (RFC 1035, section 2.3.4), a realm 255
in Keycloak's table. A slug of 32 leaves room for every prefix. A slug has no underscore and the
schema no hyphen, so that two slugs never give one schema.
"""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MIN_LENGTH = 3
MAX_LENGTH = 32
PATTERN = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
SCHEMA_PREFIX = "t_"

RESERVED = frozenset(
    {
        "about", "account", "accounts", "acme-challenge", "admin", "administrator", "api", "app",
        "apps", "assets", "auth", "autoconfig", "autodiscover", "billing", "blog", "cdn", "console",
        "dashboard", "default", "dev", "docs", "download", "events", "example", "files", "ftp",
        "gateway", "health", "help", "host", "hostmaster", "imap", "internal", "invalid", "isatap",
        "keycloak", "local", "localhost", "login", "logout", "mail", "mailhost", "master", "media",
        "metrics", "new", "news", "null", "oauth", "oidc", "owner", "ping", "platform", "plexica",
        "plugin", "plugins", "pop", "postgres", "postmaster", "prod", "production", "proxy",
        "public", "realm", "realms", "redis", "register", "root", "s3", "search", "security",
        "server", "setup", "shared", "signup", "sitemap", "smtp", "staging", "static", "status",
        "storage", "support", "system", "template", "tenant", "tenants", "test", "undefined",
        "user", "users", "web", "webmaster", "workspace", "wpad", "www",
    }
)  # fmt: skip
RESERVED_PREFIXES = ("pg-", "xn--", "plexica-")


def validate_slug(slug: str) -> None:
    """Accept a slug that a new tenant may have.

    Raises:
        ValidationError: It may not; the message says why.
    """
    if not MIN_LENGTH <= len(slug) <= MAX_LENGTH:
        raise ValidationError(
            _("Use %(min)d to %(max)d characters."),
            code="length",
            params={"min": MIN_LENGTH, "max": MAX_LENGTH},
        )
    if slug.startswith(RESERVED_PREFIXES) or slug in RESERVED:
        raise ValidationError(_("This address is reserved. Choose another."), code="reserved")
    if not PATTERN.fullmatch(slug):
        raise ValidationError(
            _(
                "Use lower-case letters a–z, digits and single hyphens between them, "
                "beginning with a letter."
            ),
            code="format",
        )


def schema_name(slug: str) -> str:
    """Return the name of a tenant's schema."""
    return SCHEMA_PREFIX + slug.replace("-", "_")


def realm_name(slug: str) -> str:
    """Return the name of a tenant's realm."""
    return f"{settings.PLEXICA_REALM_PREFIX}{slug}"


def bucket_name(slug: str) -> str:
    """Return the name of a tenant's bucket."""
    return f"{settings.PLEXICA_BUCKET_PREFIX}-{slug}"


def domain_name(slug: str) -> str:
    """Return the host name of a tenant's workspace."""
    return f"{slug}.{settings.PLEXICA_BASE_DOMAIN}"
