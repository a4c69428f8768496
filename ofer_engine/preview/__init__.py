"""Pictures of heads without a graphics card: thumbnails, overlays and contact sheets."""
