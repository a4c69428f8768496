"""Does a textured head show the person of its photo? Asked of a face recogniser."""
