"""The proof of the images and of compose.yaml, with Podman; see deploy/verify-compose."""
