"""Every method by name: where it was published, with which settings, what it needs and what it costs.

A method says what a style keeps of a clip and how a content is brought towards it. `harmonic` streams; every other one
descends an objective (features, Gram matrix or other statistics, further terms) on whole blocks: see blockwise.py
and optimise/offline.py. `Method.load` imports its class; this module itself imports nothing that is slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

from stylefx.errors import UsageError

PUBLISHED_BINS = 1025  # of n_fft 2048


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes
    ----------
    name, title : str
        For `fit --method`, and for people.
    reference : str
        Authors, year, title and venue.
    settings : mapping of str to str
        Hyperparameters as published; those that the paper leaves open begin with "ours:".
    objective : str
        ``module:Class`` of what transforms a block; of the objective alone for the method that streams.
    iterations : int
        Optimiser steps a block (a hop for the method that streams) unless told otherwise.
    cpu_factor : float
        CPU seconds per second of mono audio with so many steps, measured on one core.
    layout : str
        What its styles keep: a key of `stylefx.style.LAYOUTS`.
    bins : int
        Of the spectrogram that a style keeps, where it keeps one.
    weights : str
        ``none``, or the extra of this package that brings them.
    real_time : bool
        Whether it streams, hop by hop.
    """

    name: str
    title: str
    reference: str
    settings: Mapping[str, str]
    objective: str
    iterations: int
    cpu_factor: float
    layout: str = "spectrogram"
    bins: int = PUBLISHED_BINS
    weights: str = "none"
    real_time: bool = False

    def load(self) -> Any:
        """The class that `objective` names, imported."""
        module, _, name = self.objective.partition(":")
        return getattr(import_module(module), name)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "title": self.title,
            "reference": self.reference,
            "settings": dict(self.settings),
            "weights": self.weights,
            "real_time": self.real_time,
            "iterations": self.iterations,
            "cpu_factor": self.cpu_factor,
            "objective": self.objective,
        }


_ALL = (
    Method(
        "harmonic",
        "random features that see harmonic patterns, one-shot decoder, streaming (the default)",
        "this package",
        {"features": "64 random filters over f/2 .. 6f", "statistic": "covariance over its norm"},
        "stylefx.optimise.stream:Optimise",
        iterations=1,
        cpu_factor=0.35,
        layout="decoder",
        real_time=True,
    ),
    Method(
        "ulyanov",
        "one wide random 1-D layer, in closed form",
        'Ulyanov & Lebedev 2016, "Audio texture synthesis and style transfer", blog',
        {
            "features": "log1p |STFT| at 22.05 kHz, n_fft 2048, hop 512; 4096 filters, 11 frames, ReLU",
            "loss": "||G - G_style||^2 + 1e-2 ||F - F_content||^2, from noise of 1e-3",
            "optimiser": "300 L-BFGS steps, 500 Griffin-Lim iterations",
        },
        "stylefx.optimise.ulyanov:Ulyanov",
        iterations=300,
        cpu_factor=2.0,
    ),
    Method(
        "random2d",
        "one random 2-D layer over log frequency, in closed form",
        'after Ulyanov & Lebedev 2016 and Huzaifah & Wyse 2019, "Applying visual domain style transfer and texture '
        'synthesis techniques to audio", Neural Computing and Applications',
        {
            "features": "one 2-D convolution, 4096 random filters, ReLU; "
            "ours: 6 octaves x 3 frames, 24 bands an octave, stride 4 x 2",
            "loss": "Gram (timbre) and content (melody), from the content; ours: each over its target's norm, "
            "content weight 0.3",
            "optimiser": "ours: 100 L-BFGS steps",
        },
        "stylefx.optimise.random2d:Random2d",
        iterations=100,
        cpu_factor=3.0,
    ),
)
METHODS: Mapping[str, Method] = MappingProxyType({each.name: each for each in _ALL})


def find(name: str) -> Method:
    """The method of that name; UsageError lists those there are."""
    if name not in METHODS:
        raise UsageError(f"method {name!r} is not known: use one of {', '.join(METHODS)}")
    return METHODS[name]
