"""The OFER engine: a photo of a face becomes ranked, possible heads. Never imports bpy."""

__version__ = "0.1.0"
