"""The platform on this machine: fetches, starts and watches every part of it."""
