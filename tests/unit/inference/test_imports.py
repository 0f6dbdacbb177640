"""What the inference image imports of podwright_core must need no package that the image lacks."""

import subprocess
import sys

#: Packages that podwright_core uses elsewhere and inference/requirements-*.in does not name.
ABSENT = {"snowballstemmer", "text_to_num"}


def test_podwright_core_brings_only_what_the_inference_image_has() -> None:
    program = (
        "import sys, podwright_inference.transcription_formats, podwright_inference.weights; "
        "print('\\n'.join({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "webvtt" in loaded
    assert not ABSENT.intersection(loaded)
