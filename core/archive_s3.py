"""An archive in a bucket of an S3 service, Amazon's or one's own.

What S3 acknowledged is durable by its contract; a new object is seen whole or not at all.  The
keys are those that the caller hands over: obstore's own search through the environment, the
metadata service and the profile files is not used, so that an archive never goes where the
settings do not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from obstore.exceptions import BaseError
from obstore.store import S3Store

from core.archive_store import ArchiveError, MissingError, StoredObject, is_name

if TYPE_CHECKING:
    from obstore.store import S3Credential

__all__ = ["S3Archive"]

_CONNECT_TIMEOUT: Final = timedelta(seconds=5)
_REQUEST_TIMEOUT: Final = timedelta(seconds=20)
_RETRIES: Final = 2
_RETRY_TIMEOUT: Final = timedelta(seconds=15)
"""After that the caller is told: the archivist goes on trying, and viewers are answered."""

_FIRST_BACKOFF: Final = timedelta(milliseconds=100)
_LONGEST_BACKOFF: Final = timedelta(seconds=1)
_DETAIL_CHARACTERS: Final = 300
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")


class S3Archive:
    """Objects in a bucket, all below one prefix."""

    backend = "s3"

    def __init__(
        self,
        *,
        bucket: str,
        keys: tuple[str, str],
        prefix: str = "",
        endpoint: str | None = None,
        region: str = "us-east-1",
    ) -> None:
        """Prepare; nothing is asked before the first call.

        Args:
            bucket: Its name; it must be there.
            keys: (access key id, secret access key).
            prefix: What all names begin with, without a slash at the end.
            endpoint: Address of the service; Amazon's when None.
            region: Of the bucket.
        """
        # A service of one's own has one name in DNS and no certificate for one a bucket; nor has
        # Amazon's certificate names for buckets with dots.
        path_style = endpoint is not None or "." in bucket
        if endpoint is None:
            host = f"s3.{region}.amazonaws.com"
            endpoint = f"https://{host}" if path_style else f"https://{bucket}.{host}"

        def credentials() -> S3Credential:
            return {"access_key_id": keys[0], "secret_access_key": keys[1], "expires_at": None}

        self._store = S3Store(
            bucket,
            prefix=prefix or None,
            endpoint=endpoint,
            aws_endpoint_url_s3=endpoint,  # else AWS_ENDPOINT_URL_S3 goes before it
            region=region,
            virtual_hosted_style_request=not path_style,
            credential_provider=credentials,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": _CONNECT_TIMEOUT,
                "timeout": _REQUEST_TIMEOUT,
            },
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": _RETRY_TIMEOUT,
                "backoff": {
                    "init_backoff": _FIRST_BACKOFF,
                    "max_backoff": _LONGEST_BACKOFF,
                    "base": 2,
                },
            },
        )

    async def put(self, key: str, data: Sequence[bytes | memoryview]) -> None:
        """Store an object; see :class:`~core.archive_store.ArchiveStore`."""
        # One request: a multipart upload that is cut off leaves parts behind that cost money.
        body = data[0] if len(data) == 1 else b"".join(data)
        with _told(missing=ArchiveError):
            await self._store.put_async(_checked(key), body, use_multipart=False)

    async def get(self, key: str) -> bytes:
        """Return an object; see :class:`~core.archive_store.ArchiveStore`."""
        with _told(missing=MissingError):
            found = await self._store.get_async(_checked(key))
            return bytes(await found.bytes_async())

    async def objects(self, folder: str) -> list[StoredObject]:
        """Return the objects in a folder; see :class:`~core.archive_store.ArchiveStore`."""
        with _told(missing=ArchiveError):
            found = await self._store.list_with_delimiter_async(_checked(folder) or None)
        objects = [StoredObject(item["path"], item["size"]) for item in found["objects"]]
        return sorted(objects, key=lambda item: item.key)

    async def folders(self, folder: str) -> list[str]:
        """Return the folders in a folder; see :class:`~core.archive_store.ArchiveStore`."""
        with _told(missing=ArchiveError):
            found = await self._store.list_with_delimiter_async(_checked(folder) or None)
        return sorted(path.rstrip("/").rsplit("/", 1)[-1] for path in found["common_prefixes"])

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, up to 1000 with one request."""
        wanted = [_checked(key) for key in keys]
        if wanted:
            with _told(missing=ArchiveError):
                await self._store.delete_async(wanted)

    async def free_bytes(self) -> int | None:
        """Return None: a bucket has no end."""
        return None

    def close(self) -> None:
        """Do nothing: connections are given back when this object goes."""


def _checked(key: str) -> str:
    if not is_name(key):
        raise ArchiveError(f"{key!r} is no name of an object")
    return key


@contextmanager
def _told(*, missing: type[ArchiveError]) -> Iterator[None]:
    """Turn obstore's errors into ours."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        text = str(error)
        code = _CODE.search(text)
        if code is not None and code[1] == "NoSuchBucket":
            raise ArchiveError("there is no such bucket") from error
        kind = missing if isinstance(error, FileNotFoundError) else ArchiveError
        raise kind(_in_a_line(text, "" if code is None else code[1])) from error


def _in_a_line(text: str, code: str) -> str:
    """Shorten an error to what an operator reads; what the server says may name a key."""
    words = re.split(r"[\n<]", text, maxsplit=1)[0].strip()[:_DETAIL_CHARACTERS]
    return f"{words} {code}".strip()
