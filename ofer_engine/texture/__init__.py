"""Skin from photos: projected into a head's UVs, and what fills the rest."""
