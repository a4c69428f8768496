"""Photos read and skins painted outside Blender, for learning from and for measuring."""
