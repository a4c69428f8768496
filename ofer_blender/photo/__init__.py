"""The photos of a person: chosen, shown, painted over, and looked through."""
