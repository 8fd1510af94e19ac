"""Morph from one style to another while a file plays, and tell how far it is.

python examples/morph_styles.py trumpet.npz voice.npz guitar_solo.flac out.wav
"""

import sys

import numpy as np
import soundfile

import stylefx

first, second, content_path, output_path = sys.argv[1:]
content, rate = soundfile.read(content_path, dtype="float32", always_2d=True)
BLOCK = 1024

fx = stylefx.StyleTransfer([first, second], names=["first", "second"], morph=0.0)
fx.prepare(rate, content.shape[1], BLOCK)
styled = []
for start in range(0, len(content), BLOCK):
    fx.morph = start / len(content)  # each change takes 50 ms to arrive, so it is no click
    styled.append(fx.process(content[start : start + BLOCK]))
styled.append(fx.flush())
# The output is late by the latency: cut at the front, it is in time with the content.
soundfile.write(output_path, np.concatenate(styled)[fx.latency_samples :], rate)
print(f"{output_path}: from {fx.bank.names[0]} to {fx.bank.names[1]}, morph {fx.morph:.2f} at the end")
