"""Which tests `install.py test` runs."""

from __future__ import annotations

from ofer_engine.setup.checks import chosen_tests

ENGINE = ("tests/engine", "tests/install")


def test_a_suite_runs_whole_unless_tests_are_named() -> None:
    assert chosen_tests(["-k", "names", "-q"], ENGINE) == (["-k", "names", "-q"], list(ENGINE))


def test_named_tests_run_alone_and_in_their_own_suite() -> None:
    one = "tests/engine/heads/test_camera.py::test_rotations_stay_rotations"
    assert chosen_tests(["-q", one], ENGINE) == (["-q"], [one])
    assert chosen_tests(["-q", one], ("tests/blender",)) == (["-q"], [])


def test_a_suite_runs_on_every_core_unless_something_is_chosen() -> None:
    options, tests = chosen_tests([], ENGINE)
    assert options[:2] == ["-n", "auto"] and tests == list(ENGINE)
    assert "-n" not in chosen_tests(["tests/engine/heads"], ENGINE)[0]
