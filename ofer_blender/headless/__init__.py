"""Heads without a window: from the command line and from a script."""
