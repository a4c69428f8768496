"""Bones, gaze, jaw and the 52 ARKit units of a head."""
