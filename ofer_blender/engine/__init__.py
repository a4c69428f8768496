"""The engine in Blender: its settings, its timer, its packs and its reports."""
