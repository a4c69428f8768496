"""What the engine and the Blender add-on agree on: standard library and numpy only."""
