"""Nodes without containers for Argo Workflows: its pods end at once, having written what its executor would write.

The executor's `wait` container makes a WorkflowTaskResult when it starts and marks it as complete when the step is
over (`cmd/argoexec/commands/wait.go`); the controller goes on only then. As a program, it runs until it is ended:

    python -m podwright_bench.argo_executor KUBECONFIG
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any, Final

from podwright_bench.api_client import ApiClient
from podwright_bench.simulated_kubelet import serve

Raw = dict[str, Any]

API_VERSION: Final = "argoproj.io/v1alpha1"
LABEL_WORKFLOW: Final = "workflows.argoproj.io/workflow"
_LABEL_REPORTED: Final = "workflows.argoproj.io/report-outputs-completed"
_ANNOTATION_NODE: Final = "workflows.argoproj.io/node-id"


async def report(api: ApiClient, pod: Raw) -> None:
    """The two writes of the executor of a step without outputs."""
    metadata = pod["metadata"]
    node = metadata["annotations"][_ANNOTATION_NODE]
    owner = metadata["ownerReferences"][0]
    results = f"/apis/{API_VERSION}/namespaces/{metadata['namespace']}/workflowtaskresults"
    result: Raw = {
        "apiVersion": API_VERSION,
        "kind": "WorkflowTaskResult",
        "metadata": {
            "name": node,
            "labels": {LABEL_WORKFLOW: metadata["labels"][LABEL_WORKFLOW], _LABEL_REPORTED: "false"},
            "ownerReferences": [{key: owner[key] for key in ("apiVersion", "kind", "name", "uid")}],
        },
    }
    await api.create(results, result)
    await api.patch(f"{results}/{node}", json.dumps({"metadata": {"labels": {_LABEL_REPORTED: "true"}}}).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="Ends the pods of Argo Workflows.")
    parser.add_argument("kubeconfig", type=Path)
    asyncio.run(serve(parser.parse_args().kubeconfig, selector=LABEL_WORKFLOW, before_end=report))


if __name__ == "__main__":
    main()
