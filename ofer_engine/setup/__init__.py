"""Sets the project up and takes it where it is needed: environments, Blender, package, doctor.

Standard library only: this runs before anything is installed.
"""
