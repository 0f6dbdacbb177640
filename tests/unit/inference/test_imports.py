"""What the inference image imports of podwright_core stays light."""

import subprocess
import sys

#: Language packages of podwright_core that reading and formatting a transcript must not load.
ABSENT = {"snowballstemmer", "text_to_num"}


def test_formatting_a_transcript_loads_no_language_packages() -> None:
    program = (
        "import sys, podwright_inference.transcription_formats, podwright_inference.weights; "
        "print('\\n'.join({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "webvtt" in loaded
    assert not ABSENT.intersection(loaded)
