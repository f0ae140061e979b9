"""What the rows of the network are measured with. Run inside the network namespace of a container, of an engine's host or of a host beside it,
so that neither image nor limits play a part; prints the seconds it took.

  traffic.py serve PORT                 takes whatever comes, one connection after the other, and answers its end with one byte
  traffic.py copy ADDRESS PORT BYTES    one connection that sends so much
  traffic.py connect ADDRESS PORT COUNT so many connections, one after the other, of one byte each
  traffic.py resolve NAME COUNT         so many questions to the resolver of containers, one after the other
"""

import socket
import struct
import sys
import time

CHUNK = 1 << 20
RESOLVER = ("127.0.0.11", 53)


def serve(port):
    listener = socket.create_server(("0.0.0.0", int(port)), backlog=128)
    buffer = memoryview(bytearray(CHUNK))
    while True:
        connection, _ = listener.accept()
        with connection:
            while connection.recv_into(buffer) > 0:
                pass
            connection.sendall(b"!")


def exchange(address, port, chunk, size):
    with socket.create_connection((address, int(port)), timeout=60) as connection:
        while size > 0:
            connection.sendall(chunk[:size])
            size -= len(chunk)
        connection.shutdown(socket.SHUT_WR)
        # The other side has all of it: what is still on its way counts, too.
        if connection.recv(1) != b"!":
            raise OSError("the connection broke")


def copy(address, port, size):
    exchange(address, port, memoryview(bytes(CHUNK)), int(size))


def connect(address, port, count):
    for _ in range(int(count)):
        exchange(address, port, memoryview(b"?"), 1)


def resolve(name, count):
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(RESOLVER)
        for number in range(int(count)):
            client.send(struct.pack(">HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + question)
            identity, flags, _, answers = struct.unpack_from(">HHHH", client.recv(4096))
            if identity != number & 0xFFFF or flags & 0xF or answers == 0:
                raise OSError(f"{name} was not found")


if __name__ == "__main__":
    begin = time.monotonic()
    {"serve": serve, "copy": copy, "connect": connect, "resolve": resolve}[sys.argv[1]](*sys.argv[2:])
    print(time.monotonic() - begin)
