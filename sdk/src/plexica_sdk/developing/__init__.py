"""`plexica-plugin dev`: a project on a Plexica of this machine, anew after each change."""
