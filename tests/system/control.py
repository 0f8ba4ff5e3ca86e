"""A client of the control socket: JSON-RPC, one line for each message."""

import json
import socket


class Control:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def call(self, method, **params):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        line = self.lines.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the control socket was closed in the middle of a reply")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def edit(self, zone, set=(), unset=()):
        """Runs one transaction, and returns the result of its commit."""
        self.call("zone.begin", zone=zone)
        for record in unset:
            try:
                self.call("zone.unset", zone=zone, record=record)
            except RuntimeError as error:  # random edits also remove records that are not there
                if "nothing to remove" not in str(error):
                    raise
        for record in set:
            self.call("zone.set", zone=zone, record=record)
        return self.call("zone.commit", zone=zone)
