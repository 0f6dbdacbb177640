"""How GitOps tools judge an object: Argo CD by a Lua script, Flux and others by kstatus.

Both are made after the originals and named so: the Lua runs in Lua 5.1 with the libraries that Argo CD leaves a health
script (``util/lua/lua.go`` of Argo CD: base, table, string, package; no io, os or debug). The rules of kstatus are
those of ``sigs.k8s.io/cli-utils/pkg/kstatus/status`` for kinds that it does not know by name.
"""

from enum import StrEnum
from typing import NamedTuple

from lupa.lua51 import LuaRuntime

from tests.health_cases import Object

_WITHHELD = ("io", "os", "debug", "dofile", "loadfile", "require", "python")


class Health(NamedTuple):
    status: str
    message: str


class Kstatus(StrEnum):
    IN_PROGRESS = "InProgress"
    CURRENT = "Current"
    FAILED = "Failed"
    TERMINATING = "Terminating"


def argo_health(script: str, obj: Object) -> Health:
    """What a health script says of an object; raises ``lupa.LuaError`` where it fails."""
    lua = LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    scope = lua.globals()
    for name in _WITHHELD:
        scope[name] = None
    scope["obj"] = lua.table_from(obj, recursive=True)
    found = dict(lua.execute(script))
    return Health(found["status"], found.get("message", ""))


def kstatus(obj: Object) -> Kstatus:
    """``status.Compute``: deletion, generation, the abnormal conditions, then Ready."""
    metadata, status = obj["metadata"], obj.get("status", {})
    if metadata.get("deletionTimestamp"):
        return Kstatus.TERMINATING
    observed = status.get("observedGeneration")
    if observed is not None and observed != metadata.get("generation"):
        return Kstatus.IN_PROGRESS
    held = {item["type"]: item["status"] for item in status.get("conditions", ())}
    if held.get("Reconciling") == "True":
        return Kstatus.IN_PROGRESS
    if held.get("Stalled") == "True":
        return Kstatus.FAILED
    return Kstatus.CURRENT if held.get("Ready", "True") == "True" else Kstatus.IN_PROGRESS
