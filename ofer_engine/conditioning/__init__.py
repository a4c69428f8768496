"""Photo crop → context vector: what the diffusion and ranking networks are conditioned on."""
