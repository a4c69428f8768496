"""The commands that train and measure packs: `train` and `evaluate`."""
