"""``make try``: the sample episode without a cluster, with small models that come out of Python packages.

Models by name from a hub: ``podwright run FILE --out DIR --speech-model … --text-model …``.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "inference"))

from podwright_inference import demo_models  # noqa: E402 (from a source tree too)
from podwright_pipeline.cli import run  # noqa: E402


def models_folder() -> Path:
    cache = Path(os.environ.get("PODWRIGHT_CACHE") or Path.home() / ".cache" / "podwright")
    return cache / "models" / "try"


if __name__ == "__main__":
    try:
        speech, text = (demo_models.make(kind, models_folder()) for kind in ("whisper", "gguf"))
    except (demo_models.DemoModelError, OSError) as error:
        sys.exit(f"The models of `make try` cannot be made: {error}")
    arguments = [str(ROOT / "k8s" / "samples" / "media" / "speech.mp3"), "--out", str(ROOT / "out" / "try")]
    arguments += ["--title", "A tour of the Asterisk demonstration", "--show", "Open Source Voices", "--language", "en"]
    arguments += ["--person", "Allison Smith", "--term", "Asterisk", "--term", "Digium"]
    run([*arguments, "--speech-model", str(speech), "--text-model", str(text)])
