"""The 52 ARKit units on any head: the open head's own, fitted, or carried to another topology."""
