"""From a GGUF file to a folder that transformers and vLLM read. Needs torch and transformers."""

from pathlib import Path


def convert(source: Path, gguf_file: str, target: Path) -> None:
    """Write the model and the tokenizer of `source`/`gguf_file` into `target`, weights in bfloat16."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf_file)
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=gguf_file, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model.to(torch.bfloat16).save_pretrained(target)
    tokenizer.save_pretrained(target)
