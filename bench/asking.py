"""Asks a server for the serials of zones, as a secondary does."""

import socket
import struct
import time

ADDRESS = "127.0.0.1"
SECONDARY = "127.0.0.2"
# Seconds: limits for a start or an import, and for a change. Both are far longer than these take.
PATIENCE, CHANGE_PATIENCE = 1800, 120


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def soa_query(name):
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + wire_name(name) + struct.pack("!HH", 6, 1)


def after_name(wire, at):
    while wire[at] and wire[at] < 0xC0:
        at += 1 + wire[at]
    return at + (1 if wire[at] == 0 else 2)


def serial_in(wire):
    """The serial in an authoritative answer to soa_query, or None."""
    _, flags, questions, answers = struct.unpack_from("!4H", wire)
    if flags & 0x840F != 0x8400 or questions != 1 or answers == 0:
        return None
    at = after_name(wire, after_name(wire, 12) + 4) + 10
    return struct.unpack_from("!I", wire, after_name(wire, after_name(wire, at)))[0]


class Asker:
    """Asks the server for serials over one UDP socket."""

    def __init__(self, address=ADDRESS):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((address, 53))
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def serial(self, name, timeout=1.0):
        """Returns the serial, or None if no answer with a serial arrives in time."""
        self.number = (self.number + 1) % 65536
        query = struct.pack("!H", self.number) + soa_query(name)[2:]
        deadline = time.monotonic() + timeout
        try:
            self.socket.send(query)
            while (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                answer = self.socket.recv(4096)
                if answer[:2] == query[:2]:
                    return serial_in(answer)
        except OSError:  # no socket listens yet, or no answer came
            pass
        return None

    def wait(self, name, wanted, server=None, pause=0.0):
        """Asks until wanted(serial) is true, and returns the serial. `server`: one that is starting; raises if its
        process ends."""
        deadline = time.monotonic() + (PATIENCE if server else CHANGE_PATIENCE)
        while not wanted(serial := self.serial(name, timeout=0.25)):
            if server and server.process.poll() is not None:
                raise RuntimeError(f"{server.name} ended:\n{server.log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} has serial {serial}")
            time.sleep(pause)
        return serial

    def wait_for_newer(self, name, than, pause=0.0):
        """Asks until the serial is newer than `than` (RFC 1982), and returns it. The comparison is needed because NSD's
        old processes still answer for a while after the new processes of a reload have answered."""
        return self.wait(name, lambda now: now is not None and 0 < (now - than) % 2**32 < 2**31, pause=pause)
