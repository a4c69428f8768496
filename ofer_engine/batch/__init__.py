"""Many photos, one after the other or on many machines: a list in, a folder or a table out."""
