"""Teaches which points of a face something lies over."""
