"""The OFER engine: a photo of a face becomes ranked, possible heads. Never imports bpy."""

__version__ = "0.2.0"
