"""Normals of triangles."""

import numpy as np

from ofer_engine.geometry.triangles import face_normals


def test_normals_of_faces_are_units_and_none_where_there_is_no_area() -> None:
    vertices = np.array([(0, 0, 0), (2e-3, 0, 0), (0, 5e-3, 0), (4e-3, 0, 0)])
    normals = face_normals(vertices, np.array([(0, 1, 2), (0, 2, 1), (0, 1, 3), (1, 1, 2)]))
    np.testing.assert_array_equal(normals, [(0, 0, 1), (0, 0, -1), (0, 0, 0), (0, 0, 0)])
