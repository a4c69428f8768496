#!/usr/bin/env python3
"""The one entry point for people: `python3 install.py run`, `test`, `doctor` ... (see `--help`).

Needs nothing but a Python. Under one that the engine cannot use it looks for another and goes on
with that, or says in one sentence which one to install. Plain enough to be read by any Python.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.abspath(__file__))
_STOPPED = "Stopped. Run the same command again: it goes on where it stopped."


def main():
    if sys.version_info < (3, 9):  # noqa: UP036 - the very Pythons that must be told
        sys.stderr.write("OFER Faces needs Python 3.11, 3.12 or 3.13: install one and use that.\n")
        return 1
    sys.path.insert(0, _ROOT)  # absent under `python -I`, which the add-on uses
    from ofer_engine.setup import interpreters

    if sys.version_info[:2] in interpreters.ENGINE and sys.maxsize > 2**32:
        from ofer_engine.client import stopping

        stopping.listen(_STOPPED)  # before the rest is loaded
        from pathlib import Path

        from ofer_engine.setup.commands import main as run_command

        return run_command(Path(_ROOT))
    other = interpreters.find(interpreters.ENGINE)
    if other is None:
        values = interpreters.wrong_python(interpreters.ENGINE)
        sys.stderr.write(interpreters.WRONG_PYTHON.format(**values) + "\n")
        return 1
    command = other + [os.path.abspath(__file__)] + sys.argv[1:]
    if os.name == "posix":
        os.execv(command[0], command)  # so that whoever stops this one stops that one
    import subprocess

    return subprocess.call(command)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write(_STOPPED + "\n")
        sys.exit(130)
