"""Pickles of strangers, read by an interpreter that builds nothing on their word."""
