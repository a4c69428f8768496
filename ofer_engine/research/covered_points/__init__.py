"""Trains the network that recognises which points of a face are covered."""
