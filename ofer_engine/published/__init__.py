"""The published OFER: its weight files, FLAME, its encoders, its training and its benchmarks."""
