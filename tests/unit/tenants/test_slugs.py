import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants import slugs

POSTGRESQL_NAME_BYTES = 63
BUCKET_CHARACTERS = 63
DNS_LABEL_CHARACTERS = 63
KEYCLOAK_REALM_CHARACTERS = 255

valid_slugs = st.from_regex(slugs.PATTERN, fullmatch=True).filter(
    lambda slug: (
        3 <= len(slug) <= 32
        and slug not in slugs.RESERVED
        and not slug.startswith(slugs.RESERVED_PREFIXES)
    )
)


@pytest.mark.parametrize("slug", ["abc", "a1b", "a" * 32, "acme-2", "a-b-c", "abc-1-2-3"])
def test_accepts(slug: str) -> None:
    slugs.validate_slug(slug)


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("", "length"),
        ("ab", "length"),
        ("a" * 33, "length"),
        ("1abc", "format"),
        ("-abc", "format"),
        ("abc-", "format"),
        ("ab--c", "format"),
        ("Abc", "format"),
        ("a_bc", "format"),
        ("a.bc", "format"),
        ("abc\n", "format"),
        ("abc\0", "format"),
        ("ａｂｃ", "format"),
        ("abç", "format"),
        ("www", "reserved"),
        ("api", "reserved"),
        ("admin", "reserved"),
        ("public", "reserved"),
        ("master", "reserved"),
        ("plexica", "reserved"),
        ("platform", "reserved"),
        ("pg-temp", "reserved"),
        ("xn--abc", "reserved"),
        ("plexica-x", "reserved"),
    ],
)
def test_refuses(slug: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        slugs.validate_slug(slug)
    assert caught.value.code == code


# A busy machine is no fault of the slugs.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(valid_slugs)
def test_every_derived_name_fits_its_server(slug: str) -> None:
    slugs.validate_slug(slug)
    assert len(slugs.schema_name(slug).encode()) <= POSTGRESQL_NAME_BYTES
    # The settings bound the prefix so that every role fits.
    assert len(f"{'x' * 20}_{slugs.schema_name(slug)}".encode()) <= POSTGRESQL_NAME_BYTES
    assert 3 <= len(slugs.bucket_name(slug)) <= BUCKET_CHARACTERS
    assert len(slugs.realm_name(slug)) <= KEYCLOAK_REALM_CHARACTERS
    assert len(slugs.domain_name(slug).split(".")[0]) <= DNS_LABEL_CHARACTERS


@patient
@given(valid_slugs, valid_slugs)
def test_different_slugs_have_different_names(one: str, other: str) -> None:
    for derive in (slugs.schema_name, slugs.bucket_name, slugs.realm_name, slugs.domain_name):
        assert (derive(one) == derive(other)) == (one == other)
