"""vLLM's offline engine as it is, as a process: reads a request a line, answers a line. Started by `generate`.

python -m podwright_bench.vllm_baseline --engine '{"model": "FOLDER", "max_num_seqs": 32}'
{"chats": [[{"role": "user", "content": "..."}]], "max_tokens": 128}
{"seconds": 3.2, "tokens": 128, "prompt_tokens": 300}
"""

import argparse
import json
import sys
import time

from vllm import LLM, SamplingParams
from vllm.inputs import TokensPrompt


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True, help="arguments of vllm.LLM as JSON")
    arguments = parser.parse_args()
    engine = LLM(**json.loads(arguments.engine))
    tokenizer = engine.get_tokenizer()
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        # Templates are applied before the clock starts: the engine's own work is what is compared with.
        prompts = [
            TokensPrompt(
                prompt_token_ids=tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
            )
            for chat in request["chats"]
        ]
        sampling = SamplingParams(temperature=0, max_tokens=request["max_tokens"], ignore_eos=True)
        began = time.monotonic()
        answers = engine.generate(prompts, sampling, use_tqdm=False)
        seconds = time.monotonic() - began
        answer = {
            "seconds": seconds,
            "tokens": sum(len(each.outputs[0].token_ids) for each in answers),
            "prompt_tokens": sum(len(each.prompt_token_ids or ()) for each in answers),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
