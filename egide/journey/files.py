"""An unsealed object as the ordinary read-only file that Parquet readers want."""

import io
import os

from egide.crypto.seal import Unsealed
from egide.ports.store import RangeReader


class PlainFile(io.RawIOBase):
    """Reads decrypt and verify the segments they touch; nothing is written anywhere."""

    def __init__(self, plain: Unsealed, reader: RangeReader) -> None:
        self._plain, self._reader, self._at = plain, reader, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._plain.plain_size}[
            whence
        ] + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = self._plain.plain_size - self._at
        length = left if size is None or size < 0 else min(size, left)
        data = self._plain.read_at(self._at, length)
        self._at += length
        return data

    def close(self) -> None:
        if not self.closed:
            self._reader.close()
        super().close()
