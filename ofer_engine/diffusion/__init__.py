"""Context and noise in, face coefficients out: the schedule, the samplers and OFER's denoiser."""
