"""How good a pack is, always beside its controls: the mean head, and another person's photo."""
