"""From a resource model to its CustomResourceDefinition.

apiextensions/v1 wants *structural* schemas: no ``$ref``, no ``anyOf`` for what may be missing, types everywhere. An
optional field is one that is not required; an object whose parts have defaults has them as its own default, so that
they also count where the whole object is left out.
"""

from enum import Enum
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, NoDefault
from pydantic_core import core_schema

from podwright_crds.constraints import RULES_KEYWORD
from podwright_crds.names import CATEGORY, GROUP, VERSION
from podwright_crds.resource import PrinterColumn, Resource

#: What a structural schema may say here, in the order in which it is written.
_KEYWORDS = (
    "type", "format", "description", "default", "enum", "pattern", "minLength", "maxLength", "minimum",
    "exclusiveMinimum", "maximum", "exclusiveMaximum", "minItems", "maxItems", "minProperties", "maxProperties",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields", RULES_KEYWORD, "required",
    "properties", "additionalProperties", "items",
)  # fmt: skip

_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


class SchemaError(Exception):
    """A model says something that a structural schema cannot express."""


def custom_resource_definition(kind: type[Resource]) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind, as the API server takes it."""
    version: dict[str, Any] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}, **({"scale": kind.SCALE.to_wire()} if kind.SCALE else {})},
        "additionalPrinterColumns": _columns(kind.COLUMNS),
    }
    if kind.SELECTABLE:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.SELECTABLE]
    version["schema"] = {"openAPIV3Schema": open_api_schema(kind)}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.KIND,
                "listKind": f"{kind.KIND}List",
                "plural": kind.PLURAL,
                "singular": kind.KIND.lower(),
                "shortNames": [kind.SHORT],
                "categories": [CATEGORY],
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def open_api_schema(kind: type[Resource]) -> dict[str, Any]:
    """The structural schema of a kind."""
    spec = model_schema(kind.model_fields["spec"].annotation)
    status = _not_seen_yet(_without_defaults(model_schema(kind.model_fields["status"].annotation)))
    schema: dict[str, Any] = {
        "type": "object",
        "description": cleandoc(kind.__doc__ or ""),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Version of this kind's schema: {GROUP}/{VERSION}."},
            "kind": {"type": "string", "description": f"Kind of the object: {kind.KIND}."},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }
    if kind.RULES:
        schema[RULES_KEYWORD] = [rule.to_wire() for rule in kind.RULES]
    return schema


def model_schema(model: Any) -> dict[str, Any]:
    """The structural schema of one model and everything below it."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise SchemaError(f"{model} is no model")
    generated = model.model_json_schema(by_alias=True, schema_generator=_WithFactories)
    definitions = generated.pop("$defs", {})
    return _structural(generated, definitions, model.__name__)


class _WithFactories(GenerateJsonSchema):
    """Also writes the defaults that come from a factory."""

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        factory = schema.get("default_factory")
        if factory is not None and not schema.get("default_factory_takes_data"):
            return factory()  # type: ignore[call-arg]  # one that takes data was excluded
        return schema.get("default", NoDefault)

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, BaseModel):
            return {}
        return dft.value if isinstance(dft, Enum) else super().encode_default(dft)


def _structural(node: JsonSchemaValue, definitions: dict[str, Any], path: str) -> dict[str, Any]:
    node = _resolved(node, definitions, path)
    if unknown := node.keys() - set(_KEYWORDS) - {"title"}:
        raise SchemaError(f"{path}: {', '.join(sorted(unknown))} has no place in a structural schema")
    result = {key: value for key, value in node.items() if key != "title"}
    if "type" not in result:
        raise SchemaError(f"{path}: no type")
    _booleans_for_exclusive_bounds(result)
    if result.get("x-kubernetes-preserve-unknown-fields"):
        result.pop("additionalProperties", None)
    if "properties" in result:
        result["properties"] = {
            name: _structural(part, definitions, f"{path}.{name}") for name, part in result["properties"].items()
        }
    if isinstance(result.get("additionalProperties"), dict):
        result["additionalProperties"] = _structural(result["additionalProperties"], definitions, f"{path}{{}}")
    if "items" in result:
        result["items"] = _structural(result["items"], definitions, f"{path}[]")
        result.setdefault("x-kubernetes-list-type", "atomic")
    _set_default(result)
    return {key: result[key] for key in _KEYWORDS if key in result}


def _resolved(node: JsonSchemaValue, definitions: dict[str, Any], path: str) -> JsonSchemaValue:
    """The node with references put in place and ``X or null`` reduced to ``X``; the outer keywords win."""
    for keyword in ("anyOf", "allOf"):
        if keyword in node:
            rest = {key: value for key, value in node.items() if key != keyword}
            choices = [choice for choice in node[keyword] if choice.get("type") != "null"]
            if len(choices) != 1:
                raise SchemaError(f"{path}: a union has no place in a structural schema")
            return _resolved(_merged(choices[0], rest), definitions, path)
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        return _resolved(_merged(target, rest), definitions, path)
    return node


def _merged(inner: JsonSchemaValue, outer: JsonSchemaValue) -> JsonSchemaValue:
    merged = {**inner, **outer}
    if rules := [*inner.get(RULES_KEYWORD, []), *outer.get(RULES_KEYWORD, [])]:
        merged[RULES_KEYWORD] = rules
    return merged


def _booleans_for_exclusive_bounds(node: dict[str, Any]) -> None:
    """apiextensions/v1 follows OpenAPI 3.0, where an exclusive bound is a flag beside the bound."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if exclusive in node:
            node[bound] = node[exclusive]
            node[exclusive] = True


def _set_default(node: dict[str, Any]) -> None:
    """Keep a default that says something: of an object the defaults of its parts, and no empty strings and lists.

    The object's default is written in full, since the API server checks it against the object's rules as it stands.
    """
    if "default" not in node:
        return
    if node["default"] == {}:
        parts = node.get("properties", {}).items()
        node["default"] = {name: part["default"] for name, part in parts if "default" in part}
    if node["default"] is None or node["default"] in ("", [], {}):
        del node["default"]


def _without_defaults(node: dict[str, Any]) -> dict[str, Any]:
    """For status: what the operator did not write is not there."""
    result = {key: value for key, value in node.items() if key != "default"}
    if "properties" in result:
        result["properties"] = {name: _without_defaults(part) for name, part in result["properties"].items()}
    if "items" in result:
        result["items"] = _without_defaults(result["items"])
    return result


def _not_seen_yet(status: dict[str, Any]) -> dict[str, Any]:
    """A status whose default says that nobody has looked: by kstatus's rules an object without one is finished."""
    told = {**status, "default": {"observedGeneration": -1}}
    return {key: told[key] for key in _KEYWORDS if key in told}


def _columns(columns: tuple[PrinterColumn, ...]) -> list[dict[str, Any]]:
    """Age comes last of what ``kubectl get`` shows without ``-o wide``."""
    return [
        *(_column(column) for column in columns if column.priority == 0),
        _AGE,
        *(_column(column) for column in columns if column.priority > 0),
    ]


def _column(column: PrinterColumn) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.json_path,
        "description": column.description,
    }
    if column.priority:
        wire["priority"] = column.priority
    return wire
