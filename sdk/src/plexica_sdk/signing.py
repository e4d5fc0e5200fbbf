"""Keys and signatures: Ed25519 over the list of digests.

A signature is made for one purpose: what is signed begins with the name of the format, so that no
signature of anything else can be taken for one of a package.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plexica_sdk.errors import KeyInvalid, SignatureInvalid
from plexica_sdk.package import Package

ALGORITHM = "ed25519"
MAX_KEY_BYTES = 4096
_KEY_BYTES = 32
_SIGNATURE = re.compile(r"ed25519 ([0-9a-f]{64}) ([A-Za-z0-9+/]{86}==)\n", re.ASCII)
_PUBLIC = re.compile(r"ed25519 ([A-Za-z0-9+/]{43}=)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a signature is checked with.

    Attributes:
        raw: Its 32 bytes.
    """

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Return the key that a text is, such as a `.pub` file holds.

        Raises:
            KeyInvalid: It is none.
        """
        found = _PUBLIC.fullmatch(text) if len(text) <= MAX_KEY_BYTES else None
        if found is None:
            raise KeyInvalid("A public key is one line: ed25519, a blank, and 44 characters.")
        try:
            raw = base64.b64decode(found[1], validate=True)
        except binascii.Error as error:
            raise KeyInvalid("This public key is damaged.") from error
        if base64.b64encode(raw).decode("ascii") != found[1]:
            raise KeyInvalid("This public key is damaged.")
        return cls(raw)

    @property
    def fingerprint(self) -> str:
        """What the key is known by: SHA-256 of its bytes, in hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()

    def __str__(self) -> str:
        return f"{ALGORITHM} {base64.b64encode(self.raw).decode('ascii')}"


def make_private_key() -> bytes:
    """Return a new private key, as a PEM file holds it."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_key_of(private_key: bytes) -> PublicKey:
    """Return the public key that goes with a private one.

    Raises:
        KeyInvalid: That is no private key of this kind.
    """
    return _public(_load(private_key))


def sign_package(package: Package, private_key: bytes) -> Package:
    """Return a package with a signature, in the place of one that it may have.

    Args:
        package: The package.
        private_key: The key, as a PEM file holds it.

    Raises:
        KeyInvalid: That is no private key of this kind.
    """
    key = _load(private_key)
    signature = base64.b64encode(key.sign(package.digests)).decode("ascii")
    return replace(package, signature=f"{ALGORITHM} {_public(key).fingerprint} {signature}\n")


def signer_of(package: Package) -> str:
    """Return the fingerprint of the key that a package says it is signed with.

    Raises:
        SignatureInvalid: It is not signed.
    """
    return _parts(package)[0]


def check_signature(package: Package, key: PublicKey) -> None:
    """Accept a package that is signed with a key.

    Raises:
        SignatureInvalid: It is not signed, or not with this key, or was changed since.
    """
    fingerprint, signature = _parts(package)
    if fingerprint != key.fingerprint:
        raise SignatureInvalid("The package is signed with another key.")
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, package.digests)
    except InvalidSignature as error:
        raise SignatureInvalid("The signature is not one of this key for this package.") from error
    except ValueError as error:
        raise KeyInvalid("This public key is damaged.") from error


def _parts(package: Package) -> tuple[str, bytes]:
    if not package.signature:
        raise SignatureInvalid("The package is not signed.")
    found = _SIGNATURE.fullmatch(package.signature)
    if found is None:
        raise SignatureInvalid("The package's signature is damaged.")
    signature = base64.b64decode(found[2])
    if base64.b64encode(signature).decode("ascii") != found[2]:
        raise SignatureInvalid("The package's signature is damaged.")
    return found[1], signature


def _load(private_key: bytes) -> Ed25519PrivateKey:
    if len(private_key) > MAX_KEY_BYTES:
        raise KeyInvalid("This file is too large for a key.")
    try:
        key = serialization.load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError) as error:
        raise KeyInvalid("This is no private key, or one with a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyInvalid("This key is not of the kind Ed25519.")
    return key


def _public(key: Ed25519PrivateKey) -> PublicKey:
    return PublicKey(
        key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    )
