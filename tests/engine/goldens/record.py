"""Make `recorded.npz`: the few golden numbers that are tested where the goldens are not.

python tests/engine/goldens/record.py $OFER_SHARED/spec/goldens
"""

import sys
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    denoiser, ddim, arcface, farl = (
        np.load(folder / f"{name}.npz") for name in ("denoiser", "idgen_ddim", "arcface", "farl")
    )
    # Blobs are (uint8 - 127.5) / 127.5.
    blob = np.round(arcface["blobs"][0] * 127.5 + 127.5).astype(np.uint8)
    np.savez_compressed(
        Path(__file__).with_name("recorded.npz"),
        t=denoiser["t"],
        idgen_x=denoiser["idgen_x"],
        idgen_ctx=denoiser["idgen_ctx"],
        idgen_eps=denoiser["idgen_eps"],
        expgen_x=denoiser["expgen_x"],
        expgen_ctx=denoiser["expgen_ctx"],
        expgen_eps=denoiser["expgen_eps"],
        ddim_ctx=ddim["ctx"],
        ddim_noise_seed=ddim["noise_seed"],
        ddim_final=ddim["final"].astype(np.float32),
        blob=blob,
        idgen_arcface=arcface["idgen_b2"][0],
        idgen_arcface_alone=arcface["idgen_b1_nobn"][0],
        picture=farl["img0"],
        expgen_farl=farl["expgen_feat"][0],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
