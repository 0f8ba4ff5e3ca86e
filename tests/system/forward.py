"""Forwards connections to a port of this host's loopback to a Unix socket, until the socket is gone.

usage: forward.py PORT SOCKET
"""

import asyncio
import os
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def forward(reader, writer):
    try:
        inner_reader, inner_writer = await asyncio.open_unix_connection(sys.argv[2])
    except OSError:
        return writer.close()
    await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))


async def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    async with await asyncio.start_server(forward, "127.0.0.1", int(sys.argv[1])):
        while os.path.exists(sys.argv[2]):
            await asyncio.sleep(1)


asyncio.run(main())
