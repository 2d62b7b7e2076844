"""Speaks C2SP tlog-witness's add-checkpoint to a witness such as `tools/witness.py serve`."""

import base64
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from egide.model.errors import BadUsage, Denied, HubError, Tampered, Unreachable
from egide.ports.ledger import Cosigned, LastSeen

_SIZE_TYPE = "text/x.tlog.size"
_LARGEST = 64 * 1024


class HttpWitness:
    """A witness at a URL prefix. `timeout` in seconds, for each network step."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadUsage("witness.bad-url")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._timeout = parts.hostname, parts.port, timeout
        self._path = parts.path.rstrip("/") + "/add-checkpoint"

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> Cosigned | LastSeen:
        """See `egide.ports.ledger.Witness`."""
        steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in proof)
        status, kind, body = self._post(f"old {old}\n{steps}\n".encode() + note)
        if status == 200:
            return Cosigned(body)
        if status == 409 and kind == _SIZE_TYPE:
            return LastSeen(_size(body))
        raise _refusal(status)

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        connection = self._connect(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "text/plain; charset=utf-8"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get_content_type(), answer.read(_LARGEST)
        except (OSError, HTTPException) as problem:
            raise Unreachable("witness.unreachable", reason=type(problem).__name__) from problem
        finally:
            connection.close()


def _size(body: bytes) -> int:
    text = body.decode("ascii", "replace").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise Unreachable("witness.unreachable", reason="size")
    return int(text)


def _refusal(status: int) -> HubError:
    match status:
        case 409:
            return Tampered("witness.fork")
        case 422:
            return Tampered("witness.inconsistent")
        case 403:
            return Denied("witness.signature")
        case 404:
            return Denied("witness.unknown-ledger")
    return Unreachable("witness.unreachable", reason=f"HTTP {status}")
