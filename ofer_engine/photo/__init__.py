"""From a picture file to faces with landmarks, and to the crops that encoders take."""
