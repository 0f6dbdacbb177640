"""Objects of a namespace by kind and name."""

from typing import NamedTuple, Self

from podwright_crds.resource import Resource


class Ref(NamedTuple):
    """One object of a namespace."""

    kind: type[Resource]
    name: str

    def __str__(self) -> str:
        return f"{self.kind.KIND.lower()}/{self.name}"

    @property
    def spoken(self) -> str:
        """As it stands in a sentence."""
        return f"{self.kind.KIND} {self.name}"

    @classmethod
    def of(cls, resource: Resource) -> Self:
        return cls(type(resource), resource.metadata.name)
