"""Candidate heads and a photo's context in, one score a head out: OFER's IdRank."""
