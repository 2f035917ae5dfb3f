"""Where photos lie: outside the database, in a folder or in a bucket that speaks S3, by a setting.

An object's name is a random UUID and says nothing. Nobody reaches an object but through this: what asks for one has
asked the database first.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from runtime.settings import Settings, SettingsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping


class StoreAway(Exception):
    """The store cannot be reached, or does not take this. Try again; nothing was kept."""


class ObjectStore(Protocol):
    """Blocking; call it from a thread. Every method raises StoreAway."""

    def put(self, name: UUID, content: bytes) -> None:
        """Once it returns, the object is kept."""

    def get(self, name: UUID) -> bytes | None:
        """The object, None if there is none of that name."""

    def remove(self, name: UUID) -> None:
        """There is none of that name any more; it need not have been there."""


class Folder:
    """Files of mode 0600 in a folder, 256 subfolders."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: UUID, content: bytes) -> None:
        path = self._path(name)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).rename(path)
        except OSError as error:
            raise StoreAway(type(error).__name__) from error

    def get(self, name: UUID) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreAway(type(error).__name__) from error

    def remove(self, name: UUID) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreAway(type(error).__name__) from error

    def _path(self, name: UUID) -> Path:
        return self._root / name.hex[:2] / name.hex


class Bucket:
    """Objects of a bucket, under a prefix. Its server encrypts what it keeps (SSE-S3) if `encrypted`."""

    def __init__(self, client: Any, bucket: str, prefix: str = "", *, encrypted: bool = False) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._more: Mapping[str, str] = {"ServerSideEncryption": "AES256"} if encrypted else {}

    def put(self, name: UUID, content: bytes) -> None:
        self._call("put_object", Key=self._key(name), Body=content, ContentType="image/jpeg", **self._more)

    def get(self, name: UUID) -> bytes | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise StoreAway(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise StoreAway(type(error).__name__) from error
        return content

    def remove(self, name: UUID) -> None:
        self._call("delete_object", Key=self._key(name))

    def _call(self, operation: str, **arguments: Any) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, operation)(Bucket=self._bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise StoreAway(type(error).__name__) from error

    def _key(self, name: UUID) -> str:
        return f"{self._prefix}{name.hex}"


def photo_store(settings: Settings) -> ObjectStore:
    """The store of this installation. Raises SettingsRefused."""
    if not settings.photos_url:
        return Folder(settings.state_dir / "photos")
    parts = urlsplit(settings.photos_url)
    if parts.scheme == "file":
        return Folder(Path(parts.path))
    import boto3  # slow to import: only who keeps photos in a bucket pays for it
    from botocore.config import Config

    if settings.photos_s3_key is None or settings.photos_s3_secret is None:
        raise SettingsRefused(
            "CITYGRID_PHOTOS_S3_KEY and CITYGRID_PHOTOS_S3_SECRET are not set: the bucket wants them."
        )
    client = boto3.client(
        "s3",
        endpoint_url=settings.photos_s3_endpoint or None,
        region_name=settings.photos_s3_region,
        aws_access_key_id=settings.photos_s3_key.get_secret_value(),
        aws_secret_access_key=settings.photos_s3_secret.get_secret_value(),
        config=Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 2}),
    )
    prefix = parts.path.lstrip("/")
    return Bucket(client, parts.netloc, f"{prefix.rstrip('/')}/" if prefix else "", encrypted=settings.photos_s3_sse)
