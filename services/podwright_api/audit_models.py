"""What the audit log's answers look like."""

from pydantic import Field

from podwright_api.envelope import Answer, Items, Wire


class AuditFactView(Wire):
    value: str = Field(description="As JSON, exactly as it was digested.")
    salt: str = Field(description="The entry holds sha256(salt + value), hex, as facts.NAME.")


class AuditEntryView(Wire):
    number: int = Field(description="Place in the workspace's chain.")
    entry: str = Field(description="What happened, as JSON, exactly as it was hashed.")
    previous: str = Field(description="Hash of the entry before.")
    hash: str = Field(description="sha256(previous + entry), hex.")
    facts: dict[str, AuditFactView] = Field(
        description="What is kept of people beside the chain: actor (name, address) and target (email). What was "
        "erased is missing."
    )


class AuditRemovedView(Wire):
    number: int = Field(description="Number of the last entry that was removed for its age.")
    hash: str = Field(description="Its hash, from which the chain goes on.")
    at: str = Field(description="When it was removed (RFC 3339).")


class AuditCheckView(Wire):
    intact: bool = Field(description="Whether every entry is as it was written and none is missing between.")
    broken_at: int | None = Field(description="Number of the first entry that is not.")
    removed_until: AuditRemovedView | None = Field(description="Where the chain begins; null: with its first entry.")


class AuditAnswer(Answer[Items[AuditEntryView]]):
    pass


class AuditCheckAnswer(Answer[AuditCheckView]):
    pass
