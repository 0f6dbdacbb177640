"""`podwright_inference.llm_app:build`: a language model on vLLM, through `ray.serve.llm`, with OpenAI's API.

Each replica serves vLLM's own HTTP application, so there is no ingress deployment in between: a request goes from
Ray's proxy straight to a replica. Importing vLLM takes seconds and a gigabyte in every process that does it; on CPU
nodes the replica is the first to do so.
"""

from typing import Any

from ray import serve

from podwright_inference.args import LlmArgs


def build(args: LlmArgs) -> serve.Application:
    """The application for Ray Serve; `args` come from `serveConfigV2`."""
    if args.gpus:
        from podwright_inference.llm_server import gpu_application  # noqa: PLC0415 - see above

        return gpu_application(args)
    deployment = serve.deployment(
        CpuLlm,
        name="Llm",
        placement_group_bundles=[{"CPU": args.cpus}],
        ray_actor_options={"num_cpus": args.cpus, "runtime_env": {"env_vars": args.environment}},
        **args.deployment_options,
    )
    return deployment.bind(args)


@serve.ingress()
class CpuLlm:
    """One replica on CPU: the engine of `ray.serve.llm` behind vLLM's HTTP application."""

    async def __init__(self, args: LlmArgs) -> None:  # type: ignore[misc] # Ray Serve awaits it
        from podwright_inference.llm_server import cpu_server  # noqa: PLC0415 - see above

        self._server = await cpu_server(args)

    async def __serve_build_asgi_app__(self) -> Any:
        return await self._server.__serve_build_asgi_app__()

    async def check_health(self) -> None:
        """Asked by Ray Serve: raises when the engine is dead, and the replica is replaced."""
        await self._server.check_health()
