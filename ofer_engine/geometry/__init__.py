"""Meshes, rotations, similarities and pictures of surfaces: what has nothing to do with faces."""
