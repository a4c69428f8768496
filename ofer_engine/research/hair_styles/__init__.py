"""Hair and brows as cards, cut from MakeHuman's CC0 assets for the open head."""
