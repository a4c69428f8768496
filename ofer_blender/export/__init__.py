"""From a head in the scene to a file for another program, and whether it arrived whole."""
