"""How an archive is laid out (docs/backups.md, ADR 25).

A ZIP file that stores its members uncompressed. Each section is a tar file, compressed with
Zstandard and, if the archive is encrypted, encrypted with age: all formats of others, which their
own tools open. The manifest comes last. The ZIP's comment ends with the SHA-256 of every byte
before it, so that no byte can be lost or changed without being noticed.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

FORMAT = 1
SUFFIX = ".plexica"
MANIFEST = "manifest"
README = "README.txt"
COMMENT = b"Plexica backup, SHA-256 of all before: "
DIGEST_CHARACTERS = sha256().digest_size * 2

# What a section may be when it is opened, so that a small file cannot fill a machine: no stream
# grows by more than this against what the archive itself takes.
MAX_RATIO = 2_000
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
MAX_MEMBER_NAME = 2_000
MAX_JSON_BYTES = 256 * 1024 * 1024
MAX_WINDOW_BYTES = 32 * 1024 * 1024
COPY_BYTES = 1024 * 1024

README_TEXT = """This is a backup that Plexica made.

Check and restore it with `manage.py backup verify FILE` and `manage.py backup restore FILE`.
Without Plexica: unzip it; open members that end with .age with `age -d -i KEYFILE`, then those that
end with .zst with `zstd -d`, then those that end with .tar with `tar x`.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of an archive, as its manifest has it.

    Attributes:
        member: What it is called in the archive.
        digest: The SHA-256 of its tar file.
        size: How many bytes that has.
        count: How many members.
    """

    member: str
    digest: str
    size: int
    count: int

    def as_document(self) -> dict[str, Any]:
        """Return it as the manifest keeps it."""
        return {
            "member": self.member,
            "digest": self.digest,
            "size": self.size,
            "count": self.count,
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Section":
        """Return what a manifest keeps.

        Raises:
            KeyError: Something is missing.
            ValueError: Something is not what it should be.
        """
        return cls(
            member=str(document["member"]),
            digest=str(document["digest"]),
            size=int(document["size"]),
            count=int(document["count"]),
        )
