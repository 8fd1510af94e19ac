"""Put the sound of one file on another.

stylefx demo && python examples/render_file.py stylefx-demo/trumpet_solo.flac stylefx-demo/guitar_solo.flac out.wav
"""

import sys

import soundfile

import stylefx

clip_path, content_path, output_path = sys.argv[1:]
clip, clip_rate = soundfile.read(clip_path)
style = stylefx.fit(
    clip, clip_rate, quality="draft"
)  # "normal" takes some seconds more and is nearer to the clip

# A file of any length, in bounded memory. The samples' rate, channels and kind are the content's.
report = stylefx.render(content_path, style, output_path, overwrite=True)
print(f"{report.output}: {report.seconds:.1f} s of sound in {report.wall_seconds:.1f} s")
