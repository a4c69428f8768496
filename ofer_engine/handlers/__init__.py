"""What the engine answers to each kind of request: one module a kind, and the table of them."""
