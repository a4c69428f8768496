"""Motion of a head over time: takes in, takes out."""
