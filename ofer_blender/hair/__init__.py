"""Hair and brows as cards that are part of a head's mesh and follow its skin."""
