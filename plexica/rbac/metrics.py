"""What a process counts of permissions."""

from plexica.core.observe.definitions import histogram
from plexica.core.observe.metrics import CACHE_READS

# 10 ms is what a check may take at most.
_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.5)

IN_PROCESS = CACHE_READS.labels("permissions", "process")
IN_REDIS = CACHE_READS.labels("permissions", "redis")
NOWHERE = CACHE_READS.labels("permissions", "nowhere")
READ_SECONDS = histogram(
    "plexica_permission_read_seconds",
    "How long it took to learn what somebody may do where the process did not know; where it does,"
    " that takes microseconds and is only counted, as plexica_cache_reads_total.",
    buckets=_BUCKETS,
)
