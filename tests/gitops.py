"""How GitOps tools judge objects: Argo CD by its own library and our scripts, Flux and others by kstatus's."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from podwright_local.go_programs import GITOPS
from podwright_local.paths import REPOSITORY
from tests.compiled import compiled
from tests.health_cases import Object

HEALTH = REPOSITORY / "k8s" / "gitops" / "argocd" / "health"
_KEY = "resource.customizations.health."


@dataclass(frozen=True)
class Judged:
    """What both say of one object."""

    health: str
    message: str
    kstatus: str


@cache
def scripts() -> dict[str, str]:
    """By `GROUP/KIND`, from what the kustomization puts into Argo CD's ConfigMap under `GROUP_KIND`."""
    [generator] = yaml.safe_load((HEALTH / "kustomization.yaml").read_text())["configMapGenerator"]
    pairs = [entry.removeprefix(_KEY).split("=") for entry in generator["files"]]
    return {key.replace("_", "/"): (HEALTH / file).read_text() for key, file in pairs}


def judged(objects: Sequence[Object]) -> list[Judged]:
    """Raises where a script fails or a kind has none."""
    question = json.dumps({"scripts": scripts(), "objects": list(objects)})
    done = subprocess.run(
        [compiled(GITOPS) / "health"], input=question, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return [
        Judged(item["argocd"]["status"], item["argocd"]["message"], item["kstatus"]["status"])
        for item in json.loads(done.stdout)
    ]
