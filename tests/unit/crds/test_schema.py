from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from podwright_crds.constraints import SET, Rule, Timestamp, immutable, list_map
from podwright_crds.kinds import KINDS
from podwright_crds.resource import LocalRef, Model, PrinterColumn, Resource, Status
from podwright_crds.schema import SchemaError, custom_resource_definition, model_schema, open_api_schema

Schema = dict[str, Any]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(Model):
    """An inner part."""

    RULES: ClassVar[tuple[Rule, ...]] = (Rule("self.amount > 0", "amount must be more than 0", ".amount"),)

    amount: int = Field(default=3, ge=1, description="How much.")
    colour: Colour = Field(default=Colour.RED, description="Which one.")
    note: str | None = Field(default=None, description="Remark.")


class Plain(Model):
    """A part without defaults."""

    note: str | None = Field(default=None, description="Remark.")


class Outer(Model):
    name: str = Field(description="Name.", min_length=1, max_length=10)
    inner: Inner = Field(default_factory=Inner, description="The part, as seen from outside.")
    optional: Inner | None = Field(default=None, description="Another one.")
    plain: Plain = Field(default_factory=Plain, description="Plain.")
    ref: Annotated[LocalRef, immutable("ref cannot be changed")] = Field(description="Where to.")
    parts: Annotated[list[Inner], list_map("amount")] = Field(default_factory=list, description="Parts.", max_length=5)
    words: Annotated[list[str], SET] = Field(default_factory=list, description="Words.")
    labels: dict[str, Annotated[str, Field(max_length=63, description="Value.")]] = Field(
        default_factory=dict, description="Labels.", max_length=8
    )
    share: float = Field(default=0.5, gt=0, lt=1, description="Share.")
    when: Timestamp | None = Field(default=None, description="When.")
    text: str = Field(default="", description="Text.")
    flag: bool = Field(default=False, description="Flag.")


@pytest.fixture
def outer() -> Schema:
    return model_schema(Outer)


def test_only_fields_without_a_default_are_required(outer: Schema) -> None:
    assert outer["required"] == ["name", "ref"]


def test_an_objects_default_is_that_of_its_parts(outer: Schema) -> None:
    """In full, since the API server evaluates the object's rules on the default as it stands."""
    assert outer["properties"]["inner"]["default"] == {"amount": 3, "colour": "red"}


@pytest.mark.parametrize("name", ["plain", "optional", "parts", "words", "labels", "text", "when"])
def test_what_is_empty_by_default_has_no_default(outer: Schema, name: str) -> None:
    assert "default" not in outer["properties"][name]


def test_values_have_their_default(outer: Schema) -> None:
    assert outer["properties"]["flag"]["default"] is False
    assert outer["properties"]["share"]["default"] == 0.5


def test_a_field_describes_itself_rather_than_its_type(outer: Schema) -> None:
    assert outer["properties"]["inner"]["description"] == "The part, as seen from outside."
    assert outer["properties"]["parts"]["items"]["description"] == "An inner part."


def test_optional_is_the_type_itself(outer: Schema) -> None:
    assert outer["properties"]["optional"]["type"] == "object"
    assert outer["properties"]["optional"]["properties"]["note"] == {"type": "string", "description": "Remark."}


def test_exclusive_bounds_are_flags(outer: Schema) -> None:
    share = outer["properties"]["share"]
    assert (share["minimum"], share["exclusiveMinimum"]) == (0, True)
    assert (share["maximum"], share["exclusiveMaximum"]) == (1, True)


def test_lists_say_how_they_merge(outer: Schema) -> None:
    assert outer["properties"]["parts"]["x-kubernetes-list-type"] == "map"
    assert outer["properties"]["parts"]["x-kubernetes-list-map-keys"] == ["amount"]
    assert outer["properties"]["parts"]["maxItems"] == 5
    assert outer["properties"]["words"]["x-kubernetes-list-type"] == "set"


def test_maps_have_bounds(outer: Schema) -> None:
    assert outer["properties"]["labels"] == {
        "type": "object",
        "description": "Labels.",
        "maxProperties": 8,
        "additionalProperties": {"type": "string", "description": "Value.", "maxLength": 63},
    }


def test_enums_and_formats(outer: Schema) -> None:
    assert outer["properties"]["inner"]["properties"]["colour"]["enum"] == ["red", "blue"]
    assert outer["properties"]["when"]["format"] == "date-time"


def test_rules_of_a_type_and_of_a_field_both_count() -> None:
    class Ruled(Model):
        part: Annotated[Inner, immutable("part cannot be changed")] = Field(description="Part.")

    rules = model_schema(Ruled)["properties"]["part"]["x-kubernetes-validations"]
    assert rules == [
        {"rule": "self.amount > 0", "message": "amount must be more than 0", "fieldPath": ".amount"},
        {"rule": "self == oldSelf", "message": "part cannot be changed"},
    ]


def test_a_rule_on_a_type_does_not_leak_to_its_other_uses() -> None:
    rules = model_schema(Outer)["properties"]["inner"]["x-kubernetes-validations"]
    assert [rule["message"] for rule in rules] == ["amount must be more than 0"]


def test_a_rule_that_shows_the_value_quotes_its_message() -> None:
    rule = Rule("self != ''", 'must be a "name"', shows_value=True).to_wire()
    assert rule["messageExpression"] == '"\'" + self + "\' must be a \\"name\\""'


@pytest.mark.parametrize("annotation", [int | str, Any, list[Any]])
def test_what_a_structural_schema_cannot_say_is_refused(annotation: Any) -> None:
    class Loose(Model):
        field: annotation = Field(description="Anything.")

    with pytest.raises(SchemaError, match=r"Loose\.field"):
        model_schema(Loose)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(SchemaError):
        model_schema(str)


class ThingSpec(Model):
    """What is wanted."""

    inner: Inner = Field(default_factory=Inner, description="Part.")


class ThingStatus(Status):
    """What is."""

    inner: Inner | None = Field(default=None, description="Part.")


class Thing(Resource):
    """A thing."""

    KIND: ClassVar[str] = "Thing"
    PLURAL: ClassVar[str] = "things"
    SHORT: ClassVar[str] = "th"
    COLUMNS: ClassVar[tuple[PrinterColumn, ...]] = (
        PrinterColumn(name="Wide", type="string", json_path=".spec.wide", description="Wide.", priority=1),
        PrinterColumn(name="Narrow", type="string", json_path=".spec.narrow", description="Narrow."),
    )
    SELECTABLE: ClassVar[tuple[str, ...]] = (".spec.inner.colour",)
    RULES: ClassVar[tuple[Rule, ...]] = (Rule("has(self.spec)", "spec is needed"),)

    spec: ThingSpec
    status: ThingStatus = Field(default_factory=ThingStatus)


def test_definition() -> None:
    definition = custom_resource_definition(Thing)
    assert definition["metadata"] == {"name": "things.podwright.dev"}
    assert definition["spec"]["names"] == {
        "kind": "Thing",
        "listKind": "ThingList",
        "plural": "things",
        "singular": "thing",
        "shortNames": ["th"],
        "categories": ["podwright"],
    }
    version = definition["spec"]["versions"][0]
    assert version["subresources"] == {"status": {}}
    assert version["selectableFields"] == [{"jsonPath": ".spec.inner.colour"}]
    assert [column["name"] for column in version["additionalPrinterColumns"]] == ["Narrow", "Age", "Wide"]


def test_the_whole_object_has_rules_and_status_has_no_defaults_but_that_nobody_has_looked() -> None:
    schema = open_api_schema(Thing)
    assert schema["description"] == "A thing."
    assert schema["required"] == ["spec"]
    assert schema["x-kubernetes-validations"] == [{"rule": "has(self.spec)", "message": "spec is needed"}]
    status = schema["properties"]["status"]
    assert status["default"] == {"observedGeneration": -1}
    assert "default" not in status["properties"]["inner"]["properties"]["amount"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_every_spec_field_is_bounded(kind: type[Resource]) -> None:
    """Without bounds the API server cannot tell what a rule costs, and one object could fill its storage."""
    unbounded = list(without_bounds(open_api_schema(kind)["properties"]["spec"], "spec"))
    assert unbounded == []


def without_bounds(schema: Schema, path: str) -> Iterator[str]:
    bounds = {
        "string": {"maxLength", "enum", "format"},
        "array": {"maxItems"},
        "integer": {"maximum"},
        "number": {"maximum"},
        "boolean": {"type"},
        "object": {"properties", "maxProperties"},
    }[schema["type"]]
    if not bounds & schema.keys():
        yield path
    for name, part in schema.get("properties", {}).items():
        yield from without_bounds(part, f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from without_bounds(schema[keyword], f"{path}[]")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_every_kind_tells_whether_it_is_ready_and_why(kind: type[Resource]) -> None:
    columns = {
        column["name"] for column in custom_resource_definition(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
    }
    assert {"Ready", "Reason", "Age", "Message"} <= columns


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_every_kind_can_be_suspended(kind: type[Resource]) -> None:
    suspend = open_api_schema(kind)["properties"]["spec"]["properties"]["suspend"]
    assert (suspend["type"], suspend["default"]) == ("boolean", False)
