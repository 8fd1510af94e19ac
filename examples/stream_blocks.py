"""Run the effect as a plugin host would: prepare once, then block after block, the parameters moving meanwhile.

python examples/stream_blocks.py trumpet.npz guitar_solo.flac out.wav
"""

import sys

import soundfile

import stylefx

style_path, content_path, output_path = sys.argv[1:]
BLOCK = 512

fx = stylefx.StyleTransfer(style_path)
with soundfile.SoundFile(content_path) as content:
    fx.prepare(content.samplerate, content.channels, BLOCK)  # allocates; nothing does afterwards
    with soundfile.SoundFile(output_path, "w", content.samplerate, content.channels) as output:
        skipped = fx.latency_samples  # what leaves first belongs to the silence before the input
        for block in content.blocks(BLOCK, dtype="float32", always_2d=True):
            fx.mix = min(
                1.0, content.tell() / content.frames * 2
            )  # from dry to wet by the middle of the file
            styled = fx.process(block)
            output.write(styled[skipped:])
            skipped = max(0, skipped - len(styled))
        output.write(fx.flush()[skipped:])  # the last samples are still inside
