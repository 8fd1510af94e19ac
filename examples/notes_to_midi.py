"""Tell the notes of a recording, as a MIDI file and as numbers that another program reads.

python examples/notes_to_midi.py guitar_solo.flac guitar.mid
"""

import json
import subprocess
import sys

content_path, midi_path = sys.argv[1:]
# The command line is the interface of programs too: --json puts one object on stdout, and what people read on stderr.
command = [sys.executable, "-m", "stylefx", "notes", content_path, "--midi", midi_path, "--json", "-y"]
answer = subprocess.run(command, stdout=subprocess.PIPE, check=True)
notes = json.loads(answer.stdout)["notes"]
print(f"{midi_path}: {len(notes)} notes")
for note in notes[:5]:
    print(note)
