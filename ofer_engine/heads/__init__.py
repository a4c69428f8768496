"""Head models, and the camera that saw the photo."""
