"""`python -m benchmarks.on_gpu`."""

import sys

from benchmarks.on_gpu.run import main

sys.exit(main())
