"""Network calls recorded once and replayed, on GPUs where starting kernels costs more than running.

A denoiser is hundreds of small products, called 20 to 1000 times with the same shapes: a CUDA graph
starts them all at once. The numbers are those of the plain call.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Work = Callable[[Tensor, Tensor], Tensor]
Recording = Callable[[Callable[[], Tensor]], tuple[Callable[[], object], Tensor]]
"""Takes work without arguments; gives what does it again, and the tensor that its result is in."""

_WARM_UP = 2


def cuda_recording(work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
    """As a CUDA graph, after the calls off the main stream that PyTorch asks for."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(_WARM_UP):
            work()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()
    return graph.replay, result


class Recorded:
    """`work` of two tensors, recorded at the first call and anew where the shapes change.

    Where it cannot be recorded it is called plainly, which is as right.
    """

    def __init__(self, work: Work, recording: Recording = cuda_recording) -> None:
        self._work = work
        self._recording = recording
        self._inputs: tuple[Tensor, Tensor] | None = None
        self._replay: Callable[[], object] | None = None
        self._result: Tensor | None = None

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """`work(first, second)`."""
        shapes = (first.shape, second.shape)
        if self._inputs is None or tuple(each.shape for each in self._inputs) != shapes:
            self._record(first, second)
        if self._inputs is None or self._replay is None or self._result is None:
            return self._work(first, second)
        for kept, given in zip(self._inputs, (first, second), strict=True):
            kept.copy_(given)
        self._replay()
        return self._result.clone()

    def _record(self, first: Tensor, second: Tensor) -> None:
        self._inputs = inputs = first.clone(), second.clone()
        self._replay = self._result = None
        try:
            self._replay, self._result = self._recording(lambda: self._work(*inputs))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            # A driver or a build that knows no graphs.
            self._replay = self._result = None
