"""What the processes tell of themselves: metrics, and traces where they are asked for."""

from plexica.settings.environment import env, listen_range, ratio

# Where a process answers Prometheus, `127.0.0.1:9464`, or `0.0.0.0:9464-9467` where several
# processes of one program share a machine: each takes the first port that is free. Empty: nowhere.
PLEXICA_METRICS_LISTEN = listen_range("PLEXICA_METRICS_LISTEN")

# Where spans are sent, `http://collector:4318/v1/traces`. Empty: there are none.
PLEXICA_TRACE_ENDPOINT = env.str("PLEXICA_TRACE_ENDPOINT", default="")
# The share of requests and tasks that are traced.
PLEXICA_TRACE_RATIO = ratio("PLEXICA_TRACE_RATIO", default=0.1)
# The same for the backends of plugins, which are not the platform's own. Empty: they send none.
PLEXICA_TRACE_PLUGIN_ENDPOINT = env.str("PLEXICA_TRACE_PLUGIN_ENDPOINT", default="")
