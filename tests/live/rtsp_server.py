"""A camera on the network, as far as a reader sees it: RTSP over TCP with a transport stream in RTP."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

_PAYLOAD = 33
_BYTES = 7 * 188
_SDP = f"""v=0
o=- 0 0 IN IP4 127.0.0.1
s=camera
c=IN IP4 0.0.0.0
t=0 0
m=video 0 RTP/AVP {_PAYLOAD}
a=control:track0
"""


class Camera:
    """Sends a transport stream to who connects, one after another, and then falls silent or hangs up.

    Attributes
    ----------
    num_viewers
        Who has asked for pictures until now.
    hangs_up
        Whether it closes the connection at the end of the stream.
    """

    def __init__(self, stream: bytes) -> None:
        self.num_viewers = 0
        self.hangs_up = False
        self._stream = stream
        self._is_over = Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self._socket.getsockname()[1]}/camera"

    def close(self) -> None:
        self._is_over.set()
        with suppress(OSError):
            socket.create_connection(self._socket.getsockname(), 5).close()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._is_over.is_set():
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                connection.settimeout(20)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while not self._is_over.is_set():
                request = b""
                while (line := lines.readline()).strip():
                    request += line
                if not request:
                    return
                connection.sendall(self._answer(request.decode()))
                if request.startswith(b"PLAY"):
                    self._play(connection)
                    return

    def _answer(self, request: str) -> bytes:
        number = re.search(r"CSeq: *(\d+)", request)
        assert number is not None
        more = {
            "OPTIONS": "Public: DESCRIBE, SETUP, PLAY\r\n",
            "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n",
            "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
            "PLAY": "Session: 1\r\n",
        }
        method = request.split(" ", 1)[0]
        body = _SDP if method == "DESCRIBE" else ""
        return f"RTSP/1.0 200 OK\r\nCSeq: {number[1]}\r\n{more.get(method, '')}\r\n{body}".encode()

    def _play(self, connection: socket.socket) -> None:
        self.num_viewers += 1
        for number, start in enumerate(range(0, len(self._stream), _BYTES)):
            part = self._stream[start : start + _BYTES]
            head = struct.pack(">BBHII", 0x80, _PAYLOAD, number & 0xFFFF, number * 100, 1)
            connection.sendall(struct.pack(">BBH", ord("$"), 0, len(head) + len(part)) + head + part)
        connection.settimeout(0.02)
        while not self.hangs_up and not self._is_over.is_set():
            with suppress(TimeoutError):
                if not connection.recv(4096):
                    return


@contextmanager
def rtsp_camera(stream: bytes) -> Iterator[Camera]:
    """Have a camera on this machine."""
    camera = Camera(stream)
    try:
        yield camera
    finally:
        camera.close()
