"""The optimiser's variables: gains in dB at anchors of the frequency axis, and the steps that move them.

Steps are RMS-normalised descent (Tieleman & Hinton 2012), so that no rate needs tuning per pair of sounds. Content is
staying near the start, and neighbouring gains hang together so that partials stay partials.
"""

from __future__ import annotations

import numpy as np
import torch

from stylefx.analysis.axis import HIGHEST_HZ

STEP_DB = 0.1
# The content term, a proximal step each hop: gains return to the start by this share. With one step a hop the pull
# outweighs the steps beyond STEP_DB / CONTENT_WEIGHT = 5 dB; more iterations may go further.
CONTENT_WEIGHT = 0.02
# Neighbouring gains hang together: this share of the bend between them is taken out each step.
SMOOTHNESS = 0.1
GRADIENT_MEMORY = 0.98
LIMIT_DB = 24.0
ANCHOR_STEP_HZ, ANCHORS_ABOVE = 250.0, 16


def anchor_hz() -> np.ndarray:
    """Where the gains are free, Hz: too far apart to tell the partials of a note from each other."""
    low = np.arange(0.0, 2000.0, ANCHOR_STEP_HZ)
    return np.concatenate([low, np.geomspace(2000.0, HIGHEST_HZ, ANCHORS_ABOVE)])


class Gains:
    """``values`` float32 (anchors,) in dB, 0 at first."""

    def __init__(self, device: torch.device):
        self.values = torch.zeros(len(anchor_hz()), device=device)
        self._square = torch.zeros((), device=device)

    def return_to_start(self) -> None:
        """The content's pull of one hop."""
        self.values *= 1 - CONTENT_WEIGHT

    def descend(self, gradient: torch.Tensor, hops: int = 1) -> None:
        """One step along ``gradient`` (anchors,), as far as ``hops`` steps of one hop would go."""
        memory = GRADIENT_MEMORY**hops
        self._square = memory * self._square + (1 - memory) * (gradient**2).mean()
        self.values -= hops * STEP_DB * gradient / (self._square.sqrt() + 1e-20)
        self.values.clamp_(-LIMIT_DB, LIMIT_DB)
        for _ in range(hops):
            bend = self.values[:-2] + self.values[2:] - 2 * self.values[1:-1]
            self.values[1:-1] += SMOOTHNESS * bend
