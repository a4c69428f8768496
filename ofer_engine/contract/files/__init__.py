"""Files that both processes read and write: whole or not at all, and sizes before contents."""
