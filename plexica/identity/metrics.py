"""What a process counts of access tokens."""

from plexica.core.observe.definitions import histogram
from plexica.core.observe.metrics import CACHE_READS

_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.5, 2)

TOKEN_IN_PROCESS = CACHE_READS.labels("tokens", "process")
TOKEN_IN_REDIS = CACHE_READS.labels("tokens", "redis")
TOKEN_NOWHERE = CACHE_READS.labels("tokens", "nowhere")
KEYS_IN_PROCESS = CACHE_READS.labels("keys", "process")
KEYS_IN_REDIS = CACHE_READS.labels("keys", "redis")
KEYS_NOWHERE = CACHE_READS.labels("keys", "nowhere")
TOKEN_SECONDS = histogram(
    "plexica_token_check_seconds",
    "How long the check of an access token took, by what came of it: accepted, refused, failed.",
    ["outcome"],
    buckets=_BUCKETS,
)
