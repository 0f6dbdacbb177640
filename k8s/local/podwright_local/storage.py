"""The bucket store from the machine's side: buckets, and files that are brought into them."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from minio import Minio
from minio.error import S3Error

from podwright_local.files import write_whole

BUCKET = "podwright"
PUBLIC_BUCKET = "podwright-public"
REGION = "us-east-1"
MARKER = ".complete"


@dataclass(frozen=True)
class Credentials:
    """Generated when a cluster is first made."""

    user: str
    password: str
    database_password: str

    @classmethod
    def ensure(cls, path: Path) -> "Credentials":
        """Those in the file; made and written if there is none."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls("podwright", secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        write_whole(path, json.dumps(made.__dict__), mode=0o600)
        return made


def client(address: str, credentials: Credentials) -> Minio:
    return Minio(address, credentials.user, credentials.password, secure=False, region=REGION)


def make_buckets(store: Minio) -> None:
    """The private bucket, and the public one whose objects (not their list) anyone may read."""
    for bucket in (BUCKET, PUBLIC_BUCKET):
        if not store.bucket_exists(bucket):
            store.make_bucket(bucket)
    store.set_bucket_policy(PUBLIC_BUCKET, json.dumps(public_reading(PUBLIC_BUCKET)))


def public_reading(bucket: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": ["*"]},
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }


def upload_folder(store: Minio, folder: Path, prefix: str, marker: str = MARKER) -> int:
    """Bring a folder's files below a prefix of the private bucket; how many files went.

    The marker file goes last, and its presence with the same content means that there is nothing to do.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    files.sort(key=lambda file: file.name == marker)
    if _holds(store, f"{prefix}/{marker}", (folder / marker).read_bytes()):
        return 0
    for file in files:
        store.fput_object(BUCKET, f"{prefix}/{file.relative_to(folder)}", str(file), part_size=64 << 20)
    return len(files)


def _holds(store: Minio, name: str, content: bytes) -> bool:
    try:
        answer = store.get_object(BUCKET, name)
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchBucket"):
            return False
        raise
    try:
        return answer.read() == content
    finally:
        answer.close()
        answer.release_conn()
