"""The runtime that runs backends in containers, by the Docker API (ADR 23).

`plan` says what a container is given, `images` what it is made of, `engine` speaks with Docker or
Podman, `runtime` is what the agent sees. `porter` and `enter` run inside containers, on the
standard library alone; `outlet` is a process of the host's.
"""
