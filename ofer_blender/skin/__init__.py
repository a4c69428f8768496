"""The painted skin of a head."""
