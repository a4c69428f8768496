"""A video of a face → how the face moves: followed, read frame by frame, fitted and smoothed."""
