"""The `ray.serve.llm` servers of the language model application. Importing this imports vLLM."""

from typing import Any

from ray import serve
from ray.llm._internal.common.callbacks.base import CallbackBase, CallbackConfig
from ray.llm._internal.serve.engines.vllm.vllm_engine import VLLMEngine
from ray.serve.llm import LLMConfig, build_llm_deployment
from ray.serve.llm.deployment import LLMServer

from podwright_inference.args import LlmArgs
from podwright_inference.connections import OneRequestAConnection

CPU_ENGINE_DEFAULTS: dict[str, Any] = {
    "dtype": "bfloat16",
    "enforce_eager": True,
    "max_num_seqs": 16,
    "kv_cache_memory_bytes": 512 << 20,
    "enable_chunked_prefill": False,
}
"""On CPU: no compilation at start (it takes minutes and gains little), and a cache that a small machine has.

Prompts are read whole: vLLM 0.32 on CPU dies of a request with a seed whose prompt is divided between two steps
(`_bookkeeping_sync` sets back the generator's offset, which CPU generators do not have).
"""


class LocalWeights(CallbackBase):  # type: ignore[misc]
    """The init container has brought the weights: no Ray task needs to look for them on each node."""

    async def on_before_node_init(self) -> None:
        self.ctx.run_init_node = False


class QuietServer(LLMServer):  # type: ignore[misc]
    """Reports nothing about the model to anybody; `LLMServer` starts an actor of 0.7 GB for that.

    Its application closes connections after each answer.
    """

    async def _start_engine(self) -> None:
        await self.engine.start()

    async def __serve_build_asgi_app__(self) -> Any:
        app = await super().__serve_build_asgi_app__()
        app.add_middleware(OneRequestAConnection)
        return app


class OneProcessEngine(VLLMEngine):  # type: ignore[misc]
    """The scheduler and the computation of one CPU replica in one process instead of two: 0.7 GB and a start less."""

    def _start_async_llm_engine(self, engine_args: Any, engine_config: Any, placement_group: Any) -> Any:
        if engine_config.parallel_config.world_size == 1:
            engine_config.parallel_config.distributed_executor_backend = "uni"
        return super()._start_async_llm_engine(engine_args, engine_config, placement_group)


def llm_config(args: LlmArgs) -> LLMConfig:
    """The configuration of `ray.serve.llm` for an endpoint."""
    engine_kwargs = {**({} if args.gpus else CPU_ENGINE_DEFAULTS), **args.engine_kwargs}
    if args.gpus > 1:
        engine_kwargs.setdefault("tensor_parallel_size", args.gpus)
    return LLMConfig(
        model_loading_config={"model_id": args.model_id, "model_source": args.weights},
        accelerator_config={"kind": "gpu" if args.gpus else "cpu"},
        engine_kwargs=engine_kwargs,
        deployment_config=args.deployment_options,
        callback_config=CallbackConfig(callback_class=LocalWeights),
    )


async def cpu_server(args: LlmArgs) -> LLMServer:
    """A started server in this process."""
    server = QuietServer.sync_init(llm_config(args), engine_cls=OneProcessEngine)
    await server.start()
    return server


def gpu_application(args: LlmArgs) -> serve.Application:
    """Replicas with the GPUs that their engine needs, as `ray.serve.llm` places them."""
    return build_llm_deployment(llm_config(args), name_prefix="", deployment_cls=serve.ingress()(QuietServer))
