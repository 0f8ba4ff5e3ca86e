#!/usr/bin/python3
"""Clients that try to keep others from being served, and the clients that they disturb.

usage: hostile.py ADDRESS ZONE CONNECTIONS RATE NETWORK...
  Keeps CONNECTIONS to ADDRESS open, each from an address of the next of the NETWORKs, opens at most RATE a second, asks
  for a transfer of ZONE on each, and reads only a few octets of it now and then. Prints a line of JSON a second: how
  many are open, and how many were opened and lost until then.
"""

import collections
import contextlib
import ipaddress
import itertools
import json
import random
import resource
import select
import socket
import struct
import sys
import time

import dns.message
import zones

IP_BIND_ADDRESS_NO_PORT = 24
SIP = 16  # octets that a slow reader reads at a time
SIP_PAUSE = 5


def whole_network(host, *networks):
    """Gives a host all addresses of the networks, and the appliance the routes to them."""
    host.run("sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1")
    for network in networks:
        v6 = ipaddress.ip_network(network).version == 6
        family, gateway = ("-6", host.ipv6) if v6 else ("-4", host.ipv4)
        host.run("ip", family, "route", "replace", "local", network, "dev", "lo")
        host.lab.appliance.run("ip", family, "route", "replace", network, "via", gateway)


def socket_from(source):
    """A socket that will connect from that address."""
    v6 = ":" in source
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM)
    # The kernel then chooses the port when connecting, by address and port of both ends, because there are more
    # connections than ports.
    sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind((source, 0))
    return sock


class SlowReaders:
    def __init__(self, address, zone, connections, rate, networks):
        query = dns.message.make_query(zone, "AXFR", flags=0).to_wire()
        self.query = struct.pack("!H", len(query)) + query
        self.address, self.connections, self.rate = address, connections, rate
        self.networks = itertools.cycle([ipaddress.ip_network(each) for each in networks])
        self.random = random.Random(1)
        self.epoll, self.open, self.thirsty = select.epoll(), {}, collections.deque()
        self.opened = self.lost = 0

    def connect(self):
        network = next(self.networks)
        sock = socket_from(str(network[self.random.randrange(1, min(network.num_addresses - 1, 1 << 32))]))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect((self.address, 53))
        self.open[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLOUT | select.EPOLLRDHUP)
        self.opened += 1

    def on_event(self, fd, events):
        sock = self.open[fd]
        if events & (select.EPOLLERR | select.EPOLLHUP | select.EPOLLRDHUP):
            self.lost += 1
            del self.open[fd]
            sock.close()
        else:  # the connection is established
            with contextlib.suppress(OSError):
                sock.send(self.query)
            self.epoll.modify(fd, select.EPOLLRDHUP)
            self.thirsty.append((time.monotonic() + SIP_PAUSE, sock))

    def sip(self, now):
        while self.thirsty and self.thirsty[0][0] <= now:
            _, sock = self.thirsty.popleft()
            if sock.fileno() < 0:
                continue
            with contextlib.suppress(OSError):
                sock.recv(SIP)
            self.thirsty.append((now + SIP_PAUSE, sock))

    def run(self):
        begin = told = time.monotonic()
        allowed = 0
        while True:
            now = time.monotonic()
            allowed, begin = min(allowed + self.rate * (now - begin), self.rate), now
            while allowed >= 1 and len(self.open) < self.connections:
                self.connect()
                allowed -= 1
            self.sip(now)
            for fd, events in self.epoll.poll(0.005, 1000):
                self.on_event(fd, events)
            if now - told >= 1:
                told = now
                print(json.dumps({"open": len(self.open), "opened": self.opened, "lost": self.lost}), flush=True)


def last_line(process):
    """The last line that a hostile.py printed that was spawned in a host."""
    lines = process.log.read_text().splitlines()
    return json.loads(lines[-1]) if lines else {"open": 0, "opened": 0, "lost": 0}


def spawn(host, address, zone, connections, rate, networks):
    return host.spawn("/usr/bin/python3", __file__, address, zone, connections, rate, *networks)


def ask_patiently(address, source, zone, rdtype, patience):
    """Asks for a SOA or a whole zone. If the connection is refused or closed, it tries again, as a secondary does.

    Returns the seconds from the first SYN to the last octet, or None, and the number of attempts."""
    begin = time.monotonic()
    for attempt in itertools.count(1):
        left = begin + patience - time.monotonic()
        if left <= 0:
            return None, attempt - 1
        with socket_from(source) as sock:
            # The kernel sends a dropped SYN again after a second.
            sock.settimeout(left)
            try:
                sock.connect((address, 53))
                if rdtype == "AXFR":
                    zones.transfer(sock, zone)
                else:
                    zones.send(sock, dns.message.make_query(zone, rdtype, flags=0).to_wire())
                    assert dns.message.from_wire(zones.receive(sock)).answer
                return time.monotonic() - begin, attempt
            except (OSError, EOFError):
                time.sleep(0.1)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    SlowReaders(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:]).run()
