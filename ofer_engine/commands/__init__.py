"""The engine's command line, one command a module; each has `add(commands)`."""
