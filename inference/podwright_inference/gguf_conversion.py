"""From a GGUF file to a folder that transformers and vLLM read. Importing this imports torch."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig


def convert(source: Path, gguf_file: str, target: Path) -> None:
    """Write the model and the tokenizer of `source`/`gguf_file` into `target`, weights in bfloat16."""
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf_file)
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=gguf_file, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model.to(torch.bfloat16).save_pretrained(target)
    tokenizer.save_pretrained(target)
