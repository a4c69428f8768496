"""How human skin differs over the face, learnt from public-domain portraits."""
