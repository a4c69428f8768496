"""A head in the scene: its shapes, its gallery, and what the engine computes for it."""
