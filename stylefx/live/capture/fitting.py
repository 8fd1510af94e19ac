"""The process that fits styles while another one plays: ``python -m stylefx.live.capture.fitting``.

A line of JSON in, `Job`, and a line out: an empty one when the style lies where the job wanted it, else why not. It
runs at a low priority, with one thread, and ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

# Anything that plays, and anything that is looked at, comes first.
NICENESS = 10


@dataclass(frozen=True)
class Job:
    """Fit the samples in ``clip``, an .npy file, and write the style to ``style``; ``name`` is its source's."""

    clip: str
    sample_rate: int
    quality: str
    name: str
    style: str

    def to_line(self) -> str:
        """With its line end."""
        return json.dumps(asdict(self)) + "\n"


def do(job: Job) -> str:
    """Why it could not be done, or nothing."""
    import numpy as np

    from stylefx.errors import StylefxError
    from stylefx.learn.fit import fit

    try:
        style = fit(np.load(job.clip, allow_pickle=False), job.sample_rate, quality=job.quality)
        (source,) = style.meta["sources"]
        style.with_sources([{**source, "name": job.name}]).save(Path(job.style))
    except StylefxError as error:
        return str(error)
    return ""


def main() -> None:
    """Do the jobs one after the other."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    for line in sys.stdin:
        print(do(Job(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
