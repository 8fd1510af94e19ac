"""Which notes sound when: basic-pitch's shipped network (Bittner et al., ICASSP 2022), run with onnxruntime.

The package's own loader does not work on current Pythons, so its ONNX file is opened directly. The network
takes windows of 43844 samples at 22.05 kHz and answers with 172 frames x 88 piano keys, one frame every 256
samples. Windows here advance by a whole number of frames, so that frame ``p`` always stands at ``256 p``
samples.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from stylefx.errors import StylefxError

SAMPLE_RATE = 22_050
HOP = 256
WINDOW = 43_844
FRAMES = 172
LOWEST_KEY = 21
KEYS = 88
# Frames at either end of a window lack context and are dropped (basic-pitch drops 15 too).
MARGIN = 15
THRESHOLD = 0.35
NOTE_OUTPUT, ONSET_OUTPUT = "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"


def note_activity(audio: np.ndarray) -> np.ndarray:
    """Probability that each piano key sounds, float32 (frames, 88); audio is (samples,) at 22.05 kHz."""
    return _answers(audio, [NOTE_OUTPUT])[0]


def activities(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that each key sounds, and that it begins, both as in `note_activity`."""
    sounds, begins = _answers(audio, [NOTE_OUTPUT, ONSET_OUTPUT])
    return sounds, begins


def _answers(audio: np.ndarray, outputs: list[str]) -> list[np.ndarray]:
    kept = FRAMES - 2 * MARGIN
    frames = -(-len(audio) // HOP)
    windows = max(1, -(-frames // kept))
    padded = np.zeros(MARGIN * HOP + (windows - 1) * kept * HOP + WINDOW, np.float32)
    padded[MARGIN * HOP : MARGIN * HOP + len(audio)] = audio
    batch = np.stack([padded[i * kept * HOP : i * kept * HOP + WINDOW] for i in range(windows)])
    session = _session()
    answers = session.run(outputs, {session.get_inputs()[0].name: batch[..., None]})
    return [answer[:, MARGIN:-MARGIN].reshape(-1, KEYS)[:frames] for answer in answers]


def sounding(audio: np.ndarray) -> np.ndarray:
    """Boolean (frames, 88): the keys whose activity is above 0.35."""
    return note_activity(audio) > THRESHOLD


def piano_roll(notes, frames: int) -> np.ndarray:
    """The true notes ``[(on_s, off_s, midi), ...]`` on the same frames, boolean (frames, 88)."""
    roll = np.zeros((frames, KEYS), bool)
    for on_s, off_s, pitch in notes:
        if 0 <= pitch - LOWEST_KEY < KEYS:
            first, last = (round(time_s * SAMPLE_RATE / HOP) for time_s in (on_s, off_s))
            roll[first:last, pitch - LOWEST_KEY] = True
    return roll


@cache
def _session():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(_model_path()), options, providers=["CPUExecutionProvider"])


def _model_path() -> Path:
    # find_spec imports nothing: importing the package itself is what fails.
    spec = find_spec("basic_pitch")
    if spec is None or spec.origin is None:
        raise StylefxError("pitch metrics need basic-pitch's model: pip install --no-deps basic-pitch")
    return Path(spec.origin).parent / "saved_models" / "icassp_2022" / "nmp.onnx"
