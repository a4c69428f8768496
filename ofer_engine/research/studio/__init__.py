"""Photographing random people: synthetic photos with known truth, to learn from."""
