"""Packs: everything that turns photos into heads, with its licence and its card."""
