"""Every method by name: where it was published, with which settings, what it needs and what it costs.

A method says what a style keeps of a clip and how a content is brought towards it. `harmonic` streams; every other one
descends an objective (features, Gram matrix or other statistics, further terms) on whole blocks: see blockwise.py
and published/offline.py. `Method.load` imports its class; this module itself imports nothing that is slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

from stylefx.checks import choice

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
        Optimiser steps per block (a hop for the method that streams) unless told otherwise.
    cpu_factor : float
        CPU seconds per second of mono audio with so many steps, measured on one core (the deep nets:
        from 25 steps).
    layout : str
        What its styles keep: a key of `stylefx.style.style.LAYOUTS`.
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


_GRINSTEIN = 'Grinstein, Duong, Ozerov & Perez 2018, "Audio style transfer", ICASSP, arXiv 1710.11385'
_ALL = (
    Method(
        "harmonic",
        "random features that see harmonic patterns, one-shot decoder, streaming (the default)",
        "this package",
        {"features": "64 random filters over f/2 .. 6f", "statistic": "covariance over its norm"},
        "stylefx.optimise.stage:Optimise",
        iterations=0,
        cpu_factor=0.22,
        layout="decoder",
        real_time=True,
    ),
    Method(
        "musicnn-live",
        "the default's decoder, its gains led by a net trained on music instead of random features, streaming",
        'Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging", ISMIR '
        "late-breaking session",
        {
            "features": "timbral layer of musicnn (MagnaTagATune), 204 filters of 7 frames x 38 mel bands, maximum "
            "over places in frequency",
            "statistic": "ours: Gram matrix over its norm, of the last second",
            "optimiser": "ours: one step each third hop",
        },
        "stylefx.published.musicnn_live.stage:OptimiseTrained",
        iterations=1,
        cpu_factor=0.35,
        layout="timbral decoder",
        weights="pretrained",
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
        "stylefx.published.ulyanov:Ulyanov",
        iterations=300,
        cpu_factor=1.6,
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
        "stylefx.published.random2d:Random2d",
        iterations=100,
        cpu_factor=1.1,
    ),
    Method(
        "gatys",
        "VGG trained on photographs, the spectrogram as an image",
        'Gatys, Ecker & Bethge 2015, "A neural algorithm of artistic style", arXiv 1508.06576',
        {
            "features": "VGG (mean pooling) on the image; ours: log1p |STFT| in 32 bands an octave",
            "loss": "1/2 sum (F - F_content)^2 at conv4_2, 1/(4 N^2 M^2) sum (G - G_style)^2 at conv1_1 .. conv5_1, "
            "content over style 1e-3; ours: both over positions",
            "optimiser": "L-BFGS; ours: from the content, 100 steps",
        },
        "stylefx.published.gatys:Gatys",
        iterations=100,
        cpu_factor=15.0,
        weights="pretrained",
    ),
    Method(
        "he",
        "VGG-19 with random weights, chosen layer by layer",
        'He, Wang & Hopcroft 2016, "A powerful generative model using random weights for the deep image '
        'representation", NIPS',
        {
            "features": "VGG-19, Gaussian weights, each layer the best of several draws by reconstruction; ours: of 3, "
            "the layer's own input reconstructed; the image of gatys",
            "loss": "Gram matrices over their norms at conv1_1 .. conv5_1, content at conv4_2; ours: weight 0.3",
            "optimiser": "L-BFGS; ours: from the content, 100 steps",
        },
        "stylefx.published.he:He",
        iterations=100,
        cpu_factor=12.0,
    ),
    Method(
        "grinstein-vgg",
        "from the content, style loss alone: VGG",
        _GRINSTEIN,
        {
            "features": "as gatys",
            "loss": "the style term of gatys alone",
            "optimiser": "ours: 100 L-BFGS steps",
        },
        "stylefx.published.grinstein:GrinsteinVgg",
        iterations=100,
        cpu_factor=15.0,
        weights="pretrained",
    ),
    Method(
        "grinstein-musicnn",
        "from the content, style loss alone: a net trained on music in SoundNet's place",
        _GRINSTEIN,
        {
            "features": "as musicnn (theirs: SoundNet)",
            "loss": "the style term of musicnn alone",
            "optimiser": "ours: 100 L-BFGS steps",
        },
        "stylefx.published.grinstein:GrinsteinMusicnn",
        iterations=100,
        cpu_factor=2.5,
        bins=257,
        weights="pretrained",
    ),
    Method(
        "grinstein-random",
        "from the content, style loss alone: the wide, shallow, random layer",
        _GRINSTEIN,
        {
            "features": "as ulyanov",
            "loss": "the style term of ulyanov alone",
            "optimiser": "ours: 300 L-BFGS steps",
        },
        "stylefx.published.grinstein:GrinsteinRandom",
        iterations=300,
        cpu_factor=1.2,
    ),
    Method(
        "grinstein-mcdermott",
        "from the content, style loss alone: auditory statistics",
        _GRINSTEIN,
        {"features": "as mcdermott", "loss": "as mcdermott", "optimiser": "ours: 100 L-BFGS steps"},
        "stylefx.published.grinstein:GrinsteinMcDermott",
        iterations=100,
        cpu_factor=1.6,
        layout="texture",
    ),
    Method(
        "mcdermott",
        "auditory texture statistics, from noise",
        'McDermott & Simoncelli 2011, "Sound texture perception via statistics of the auditory periphery", Neuron 71',
        {
            "features": "30 cochlear bands 52 Hz .. 8844 Hz on the ERB scale, envelopes to the power 0.3 at 400 Hz, 20 "
            "modulation bands 0.5 .. 200 Hz of Q 2",
            "loss": "marginal moments, envelope correlations 1 .. 21 bands apart, modulation power, C1, C2; ours: each "
            "class over its norm",
            "optimiser": "from noise; ours: 200 L-BFGS steps on the waveform",
        },
        "stylefx.published.mcdermott:McDermott",
        iterations=200,
        cpu_factor=3.3,
        layout="texture",
    ),
    Method(
        "verma",
        "AlexNet with 3 x 3 kernels, energy envelopes over frequency and time",
        'Verma & Smith 2018, "Neural style transfer for audio spectrograms", arXiv 1801.01589',
        {
            "features": "five convolutions of 3 x 3; ours: random weights (theirs are unpublished), the image of gatys",
            "loss": "content, style, spectral and temporal energy; ours: weights 0.3, 1, 1, 1, each over its norm",
            "optimiser": "ours: from the content, 100 L-BFGS steps",
        },
        "stylefx.published.verma:Verma",
        iterations=100,
        cpu_factor=10.0,
    ),
    Method(
        "antognini",
        "six random layers, Gram, autocorrelation and diversity",
        'Antognini, Hoffman & Weiss 2019, "Audio texture synthesis with random neural networks: improving diversity '
        'and quality", ICASSP',
        {
            "features": "log magnitudes at 16 kHz, 512 / 64; 512 filters each of 2, 4, 8, 16, 64 and 128 frames, ReLU",
            "loss": "Gram over its norm, autocorrelation at lags 0.2 .. 2 s, diversity; ours: weights 1, 0.1, 0.001",
            "optimiser": "L-BFGS; ours: from the content, 100 steps",
        },
        "stylefx.published.antognini:Antognini",
        iterations=100,
        cpu_factor=17.0,
        bins=257,
    ),
    Method(
        "musicnn",
        "a net trained on music",
        'the net: Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging"',
        {
            "features": "musicnn's vgg, 16 kHz, 96 mel bands",
            "loss": "ours: Gram over its norm at pool1 .. pool4, content at pool1, weight 0.3",
            "optimiser": "ours: from the content, 100 L-BFGS steps",
        },
        "stylefx.published.musicnn:Musicnn",
        iterations=100,
        cpu_factor=3.4,
        bins=257,
        weights="pretrained",
    ),
)
METHODS: Mapping[str, Method] = MappingProxyType({each.name: each for each in _ALL})


def find(name: str) -> Method:
    """The method of that name; UsageError lists those there are."""
    return METHODS[choice(name, "method", tuple(METHODS))]
