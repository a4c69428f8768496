"""The engine process as its clients see it: start, ask, read. No bpy, no torch."""
