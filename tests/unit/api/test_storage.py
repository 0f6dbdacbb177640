"""Addresses, and the Secret that a tenant's storage comes from."""

import pytest

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.storage import Location, TenantStorage, storage_values

VALUES = {
    "ENDPOINT": "http://storage:9000",
    "ACCESS_KEY": "key",
    "SECRET_KEY": "secret",
    "BUCKET": "podwright",
    "PUBLIC_BUCKET": "podwright-public",
}


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://bucket/a/b.mp3", Location("bucket", "a/b.mp3")),
        ("s3://bucket/a?b#c.mp3", Location("bucket", "a?b#c.mp3")),
        ("s3://bucket/", None),
        ("s3://bucket", None),
        ("https://example.org/a", None),
        ("https://[x/a", None),
        ("s3://[x/a", Location("[x", "a")),
        ("s3:///a", None),
        ("", None),
    ],
)
def test_parse(url: str, location: Location | None) -> None:
    assert Location.parse(url) == location
    if location:
        assert location.url == url


@pytest.mark.parametrize(
    ("bucket", "key", "owned"),
    [
        ("podwright", "team-a/uploads/1/a.mp3", True),
        ("podwright-public", "team-a/media/1.mp3", True),
        ("podwright", "team-ab/uploads/1/a.mp3", False),
        ("podwright", "team-b/uploads/1/a.mp3", False),
        ("podwright", "team-a/../team-b/a.mp3", False),
        ("podwright", "team-a/./a.mp3", False),
        ("other", "team-a/a.mp3", False),
    ],
)
def test_a_tenant_owns_what_lies_below_its_name(bucket: str, key: str, owned: bool) -> None:
    assert TenantStorage("team-a", VALUES, None).owns(Location(bucket, key)) is owned


def test_what_the_secret_lacks_is_named() -> None:
    with pytest.raises(FacadeError, match="PODWRIGHT_S3_SECRET_KEY, PODWRIGHT_S3_BUCKET") as caught:
        storage_values({"PODWRIGHT_S3_ENDPOINT": "http://x", "PODWRIGHT_S3_ACCESS_KEY": "k", "other": "y"})
    assert caught.value.code is ErrorCode.STORAGE_NOT_CONFIGURED


@pytest.mark.parametrize("endpoint", ["storage:9000", "ftp://storage", "http://", "http://storage/path"])
def test_an_endpoint_has_to_be_an_address(endpoint: str) -> None:
    with pytest.raises(FacadeError, match="not an address"):
        TenantStorage("team-a", VALUES | {"ENDPOINT": endpoint}, None)


@pytest.mark.parametrize("url", ["https://[x/a", "http://[::1/a", "s3://podwright/team-a/./x", "s3://[x/a"])
async def test_what_is_no_address_of_a_recording_is_refused_by_its_field(url: str) -> None:
    with pytest.raises(FacadeError) as caught:
        await TenantStorage("team-a", VALUES, None).check_upload(url, "spec.media.url")
    assert caught.value.code is ErrorCode.INVALID_FIELDS
    assert [problem.field for problem in caught.value.fields] == ["spec.media.url"]


async def test_what_the_client_refuses_to_ask_for_is_told() -> None:
    storage = TenantStorage("team-a", VALUES | {"BUCKET": "no..bucket"}, None)
    with pytest.raises(FacadeError, match="bucket") as caught:
        await storage.check()
    assert caught.value.code is ErrorCode.STORAGE_UNAVAILABLE
