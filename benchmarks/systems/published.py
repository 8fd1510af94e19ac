"""Systems that cannot run here, with the figures that they publish, and where they do.

"(derived)" marks a figure computed from a published one, such as a delay from a buffer size.
"""

from __future__ import annotations

HEADERS = ("system", "what a new style needs", "latency", "other published figures", "source")
SYSTEMS = (
    (
        "RAVE with nn~",
        "hours of audio; 2M steps, 4 days 10 hours of GPU",
        "46 ms a frame, 93 ms or more threaded (derived)",
        "20x real time on a laptop CPU",
        "Caillon & Esling 2021, arXiv 2111.05011",
    ),
    (
        "BRAVE",
        "1.5M training steps",
        "under 10 ms, jitter 3 ms",
        "4.9M parameters, C++",
        "Caspe et al. 2025, JAES, arXiv 2503.11562",
    ),
    (
        "AFTER",
        "nothing, within the domain it was trained on",
        "186 ms a call, 372 ms threaded (derived)",
        "a diffusion step a call",
        "Demerlé et al. 2024, ISMIR, arXiv 2408.00196",
    ),
    (
        "DDSP-VST",
        "10-20 min of monophonic audio, 2-3 h",
        "64 ms, 16 kHz",
        "one voice; no dry/wet",
        "Engel et al. 2020, arXiv 2001.04643; Magenta DDSP-VST 2022",
    ),
    (
        "The Concatenator",
        "nothing: any corpus",
        "46 ms window",
        "real time at 100-1000 particles",
        "Tralie & Cantil 2024, ISMIR, arXiv 2411.04366",
    ),
    (
        "SS-VQ-VAE",
        "nothing: one clip, a trained network",
        "offline",
        "synthetic LSD 12.16 (copy content 14.62, U+L 14.50, musaicing 14.51); pitch distance 0.55",
        "Cifka et al. 2021, ICASSP, arXiv 2102.05749",
    ),
)
NOTE = (
    "Their LSD is over their own test set, rendered with another SoundFont: compare its steps (a copy of the content "
    "against the method), not its values, with the `lsd` columns here."
)
