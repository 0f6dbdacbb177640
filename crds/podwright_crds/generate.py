"""``python -m podwright_crds.generate``: write the chart's CRD templates, or check that they are current.

The CRDs are templates of the chart, not files in its ``crds`` folder: Helm installs that folder once and never upgrades
it. ``helm.sh/resource-policy: keep`` leaves them, and so everyone's objects, in place when the chart is uninstalled.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from podwright_crds.kinds import KINDS
from podwright_crds.resource import Resource
from podwright_crds.schema import custom_resource_definition

CHART_CRDS = Path(__file__).resolve().parents[2] / "charts" / "podwright" / "templates" / "crds"

_HEADER = """\
{{- /* Made by `make generate` from crds/podwright_crds/%(source)s.py. Change it there. */ -}}
{{- if .Values.crds.install }}
"""
_METADATA = """\
  labels:
    {{- include "podwright.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""
_FOOTER = "{{- end }}\n"


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their key and repeated values in full."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def to_yaml(value: Any) -> str:
    """Deterministic YAML: keys in the order given, no wrapping that depends on content."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def chart_template(kind: type[Resource]) -> str:
    """The chart's template for the CRD of a kind."""
    definition = custom_resource_definition(kind)
    name = to_yaml({"metadata": definition.pop("metadata")})
    spec = to_yaml({"spec": definition.pop("spec")})
    body = to_yaml(definition) + name + _METADATA + spec
    if "{{" in name + spec:
        raise ValueError(f"the schema of {kind.KIND} contains '{{{{', which Helm would take for a template")
    return _HEADER % {"source": kind.__module__.rsplit(".", 1)[1]} + body + _FOOTER


def outdated(folder: Path) -> list[str]:
    """What in the folder differs from what would be written, as lines for people."""
    wanted = _files()
    present = {path.name for path in folder.glob("*")}
    found = [f"{name}: not from any kind" for name in sorted(present - wanted.keys())]
    for name, content in wanted.items():
        path = folder / name
        if not path.exists():
            found.append(f"{name}: missing")
        elif path.read_text(encoding="utf-8") != content:
            found.append(f"{name}: not current")
    return found


def write(folder: Path) -> None:
    """Write all templates and remove what belongs to no kind."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _files()
    for path in folder.glob("*"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (folder / name).write_text(content, encoding="utf-8")


def _files() -> dict[str, str]:
    return {f"{kind.PLURAL}.yaml": chart_template(kind) for kind in KINDS}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 1 where ``--check`` found something."""
    parser = argparse.ArgumentParser(prog="python -m podwright_crds.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a file is not current")
    parser.add_argument("--print", action="store_true", help="print plain manifests for kubectl apply -f -")
    parser.add_argument("--folder", type=Path, default=CHART_CRDS, help="the chart's folder of CRD templates")
    options = parser.parse_args(arguments)
    if options.print:
        documents = (custom_resource_definition(kind) for kind in KINDS)
        sys.stdout.write("---\n".join(to_yaml(document) for document in documents))
        return 0
    if options.check:
        found = outdated(options.folder)
        for line in found:
            sys.stderr.write(f"{options.folder}/{line}; run make generate\n")
        return 1 if found else 0
    write(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
