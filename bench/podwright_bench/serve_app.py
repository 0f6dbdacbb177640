"""One of the platform's applications on Ray Serve, as a process of the inference environment.

Started by `transcribe` and `generate`. Prints `ready` when requests are answered, and ends with its standard input.
"""

import argparse
import sys
from importlib import import_module

import ray
from pydantic import TypeAdapter
from ray import serve

from podwright_inference.args import EndpointArgs, LlmArgs, WhisperArgs

ARGS: dict[str, type[EndpointArgs]] = {"whisper_app": WhisperArgs, "llm_app": LlmArgs}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("application", choices=sorted(ARGS))
    parser.add_argument("--args", required=True, help="the application's arguments as JSON")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", required=True, help="for Ray's own files")
    arguments = parser.parse_args()
    args = TypeAdapter(ARGS[arguments.application]).validate_json(arguments.args)
    # As a Ray pod: two virtual CPUs more than the replica's, for Serve's own actors.
    ray.init(
        num_cpus=int(args.cpus) + 2,
        object_store_memory=100_000_000,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=arguments.folder,
    )
    serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": arguments.port})
    build = import_module(f"podwright_inference.{arguments.application}").build
    serve.run(build(args), name="model", route_prefix="/")
    print("ready", flush=True)
    sys.stdin.read()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
