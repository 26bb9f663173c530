"""Colour profiles, made on the fly."""

import struct


def wide_profile() -> bytes:
    """Adobe RGB's primaries and gamma, as a matrix profile."""

    def s15(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    columns = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + s15(0.9642, 1, 0.8249),
        **{
            tag: b"XYZ \0\0\0\0" + s15(*column)
            for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
        },
        **{
            tag: b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(2.19921875 * 256))
            for tag in (b"rTRC", b"gTRC", b"bTRC")
        },
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, given in tags.items():
        data = given + bytes(-len(given) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = 128 + len(table) + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"test", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    return header.ljust(68, b"\0") + s15(0.9642, 1, 0.8249) + bytes(48) + table + body
