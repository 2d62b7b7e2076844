"""What the hub and the worker say to each other over one Unix socket: short JSON lines, and the ends of pipes.

hub -> worker   {sql, tables: {name: schema in base64}, memory, threads, seconds, rows, temp, folder}
worker -> hub   {open: table}   the hub answers with the reading end of a pipe that carries the table as Arrow IPC
worker -> hub   {done: true}    the result follows as Arrow IPC on a pipe given at start
worker -> hub   {failed: code}
"""

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct("!I")
LONGEST = 1 << 24  # bytes: a query and the schemas of all tables


class Closed(Exception):
    """The other side is gone."""


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    channel.sendall(LENGTH.pack(len(body)) + body)


def receive(channel: socket.socket) -> dict[str, Any]:
    """The next message. Raises Closed."""
    (length,) = LENGTH.unpack(_exactly(channel, LENGTH.size))
    if length > LONGEST:
        raise Closed
    message = json.loads(_exactly(channel, length))
    if not isinstance(message, dict):
        raise Closed
    return message


def send_pipe(channel: socket.socket, end: int) -> None:
    socket.send_fds(channel, [b"p"], [end])


def receive_pipe(channel: socket.socket) -> int:
    """The pipe's end as a file descriptor. Raises Closed."""
    _, ends, _, _ = socket.recv_fds(channel, 1, 1)
    if not ends:
        raise Closed
    return ends[0]


def _exactly(channel: socket.socket, size: int) -> bytes:
    body = bytearray()
    while len(body) < size:
        piece = channel.recv(size - len(body))
        if not piece:
            raise Closed
        body += piece
    return bytes(body)
