#!/bin/sh
# Everything of the engine that only a GPU can show, in one run that writes one Markdown table.
#
#   benchmarks/on_gpu.sh --out TABLE.md         on a machine with CUDA (or ROCm)
#   benchmarks/on_gpu.sh --dry --out TABLE.md   the same script on the CPU, with small sizes
#
# PYTHON names the Python that has torch (default: python3); torch, numpy, pillow, safetensors and
# scipy are enough, nothing is fetched. LIMIT is the most seconds it may take (default: 480).
set -eu
cd "$(dirname "$0")/.."
export PYTHONUNBUFFERED=1
exec timeout "${LIMIT:-480}" "${PYTHON:-python3}" -m benchmarks.on_gpu "$@"
