"""Learn a clip once, keep the style as a file, and use it again.

python examples/fit_and_save.py trumpet_solo.flac trumpet.npz
"""

import sys

import numpy as np
import soundfile

import stylefx

clip_path, style_path = sys.argv[1:]
clip, rate = soundfile.read(clip_path)
stylefx.fit(clip, rate, quality="draft", seed=0).save(style_path, overwrite=True)

style = stylefx.Style.load(style_path)  # everything in the file is checked before it is used
print(f"{style_path}: method {style.method}, learned from {style.meta['sources'][0]['seconds']} s")

tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(2 * rate) / rate)
styled = stylefx.StyleTransfer(style)(tone, rate)  # as long as the tone, in time with it
print(f"a tone at {np.sqrt(np.mean(tone**2)):.3f} rms comes out at {np.sqrt(np.mean(styled**2)):.3f}")
