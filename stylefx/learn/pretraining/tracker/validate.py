"""Note figures while training goes: onset F1 on instruments left out, by polyphony, at the best of a few thresholds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from stylefx.learn.pretraining.decoder.train import LEFT_OUT
from stylefx.learn.pretraining.tracker.network import PAST, STUDIO_AHEAD, Network
from stylefx.learn.pretraining.tracker.pieces import LAYOUT, STORED_STEP_DB, Composer, Piece
from stylefx.learn.pretraining.tracker.players import FontPlayer
from stylefx.tracking.inputs import FALL_DB_PER_SECOND, SILENT_DB
from stylefx.tracking.layout import LOWEST_PITCH
from stylefx.tracking.levels import LOWEST_DB
from stylefx.tracking.shape import LIVE_DELAYS

SEED, PIECES = 5, {1: 5, 2: 4, 4: 4}
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
TOLERANCE_SECONDS = 0.05


class Checks:
    """Pieces of instruments that are not trained on: ``font`` by its left-out ones, ``others`` whole."""

    def __init__(self, font: Path, others: list[Path]):
        sets = {"left out": FontPlayer([font], LEFT_OUT, only_left_out=True)}
        sets |= {path.stem: FontPlayer([path], frozenset()) for path in others}
        self._sets = {}
        for name, player in sets.items():
            rng = np.random.default_rng(SEED)
            composer = Composer(player, plain=True)
            self._sets[name] = {
                voices: [composer.draw(rng, voices) for _ in range(count)] for voices, count in PIECES.items()
            }

    def report(self, network: Network) -> str:
        """One line a set: F1 by polyphony of the profiles, at the best common threshold."""
        lines = []
        for name, by_voices in self._sets.items():
            answers = {
                voices: [answered(network, piece) for piece in pieces] for voices, pieces in by_voices.items()
            }
            for profile in ("live0", f"live{LIVE_DELAYS[-1]}", "studio"):
                table = np.array(
                    [
                        [
                            np.mean(
                                [
                                    f1(by[profile], piece, threshold)
                                    for by, piece in zip(answers[voices], pieces)
                                ]
                            )
                            for voices, pieces in by_voices.items()
                        ]
                        for threshold in THRESHOLDS
                    ]
                )
                best = int(table.mean(axis=1).argmax())
                row = " ".join(f"{value:.3f}" for value in table[best])
                lines.append(
                    f"  {name} {profile}: F1 {row} (voices {list(by_voices)}, threshold {THRESHOLDS[best]})"
                )
        return "\n".join(lines)


def answered(network: Network, piece: Piece) -> dict[str, np.ndarray]:
    """Onset probabilities (frames, PITCHES) of the profiles, on the piece's frames."""
    levels = piece.levels.astype(np.float32) * STORED_STEP_DB + LOWEST_DB
    fall = FALL_DB_PER_SECOND * LAYOUT.frame_seconds
    steps = np.arange(len(levels)) * fall
    reference = np.maximum(np.maximum.accumulate(levels[:, 0].max(axis=1) + steps) - steps, SILENT_DB)
    before, after = PAST + STUDIO_AHEAD, STUDIO_AHEAD + LIVE_DELAYS[-1]
    relative = np.pad(
        levels - reference[:, None, None], ((before, after), (0, 0), (0, 0)), constant_values=-200.0
    )
    with torch.no_grad():
        seen = torch.from_numpy(relative.astype(np.float32))[None].to(network.register.device)
        live, studio = (answer.cpu() for answer in network(seen))
    frames = len(levels)
    found = {
        f"live{delay}": live[0, index, STUDIO_AHEAD + delay : STUDIO_AHEAD + delay + frames]
        for index, delay in enumerate(LIVE_DELAYS)
    }
    found["studio"] = studio[0, 0, :frames]
    return {name: torch.sigmoid(logits).numpy() for name, logits in found.items()}


def f1(onset: np.ndarray, piece: Piece, threshold: float) -> float:
    """Onset F1 at 50 ms of peaks over a threshold; faint notes may be named or not."""
    padded = np.pad(onset, ((3, 3), (0, 0)))
    around = np.lib.stride_tricks.sliding_window_view(padded, 7, axis=0).max(axis=-1)
    frames, pitches = np.nonzero((onset == around) & (onset > threshold))
    times = (frames + 0.5) * LAYOUT.frame_seconds
    used = np.zeros(len(frames), bool)
    hits = wanted = 0
    for note in sorted(piece.notes, key=lambda note: note.weight == 0):
        near = (
            ~used
            & (pitches + LOWEST_PITCH == round(note.pitch))
            & (np.abs(times - note.onset) < TOLERANCE_SECONDS)
        )
        if near.any():
            used[np.nonzero(near)[0][np.argmin(np.abs(times[near] - note.onset))]] = True
        if note.weight:
            wanted += 1
            hits += bool(near.any())
    faint = used.sum() - hits
    return 2 * hits / max(wanted + len(frames) - faint, 1)
