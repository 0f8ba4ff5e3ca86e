"""Fixtures. Each test has namespaces of its own, which are gone when it ends, however it ends."""

import os
import re
import signal

import pytest

from lab import AF_XDP, DATA, EVERYONE, Axfrd, Lab, sweep
from zones import make

SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:")


def pytest_sessionstart():
    if os.geteuid() != 0:
        raise pytest.UsageError("the system tests need root, for namespaces and DPDK")
    # Being told to end is treated as Ctrl-C is: fixtures clean up.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    sweep()


def pytest_addoption(parser):
    parser.addoption("--shard", default="0/1", help="I/N: run every Nth test, beginning with the Ith (from 0)")


def pytest_collection_modifyitems(config, items):
    first, step = map(int, config.getoption("--shard").split("/"))
    items[:] = items[first::step]


@pytest.fixture
def new_lab(request):
    """new_lab("client", "other", ports=2): namespaces with these hosts."""
    labs = []

    def new(*hosts, **options):
        labs.append(Lab(*hosts, **options))
        return labs[-1]

    yield new
    for lab in labs:
        lab.close()
        for name, log in lab.logs.items():
            request.node.add_report_section("teardown", name, log[-4000:])
            assert not SANITIZER_REPORT.search(log), name


@pytest.fixture
def new_axfrd():
    """new_axfrd(lab, zones=[...], option=...): a started appliance, which at the end must stop when it is told to."""
    started = []

    def new(lab, **options):
        started.append(Axfrd(lab, **options))
        return started[-1].start()

    yield new
    for axfrd in started:
        assert not axfrd.running() or axfrd.stop() == 0


@pytest.fixture
def axfrd(new_lab, new_axfrd):
    """The usual case: one client, one port, the sample zones, transfers allowed to all hosts of the lab."""
    return new_axfrd(new_lab("client"), zones=sorted(DATA.glob("*.zone")), allow_transfer=EVERYONE)


@pytest.fixture
def axfrd_on_af_xdp(new_lab, new_axfrd):
    """The same on an af_xdp port. With af_packet, the kernel puts IPv4 fragments together before the port sees them."""
    return new_axfrd(new_lab("client"), ports=[AF_XDP], zones=sorted(DATA.glob("*.zone")), allow_transfer=EVERYONE)


@pytest.fixture
def client(axfrd):
    return axfrd.lab.client


@pytest.fixture
def zone_file(tmp_path):
    """zone_file(name, records): a file with a made-up zone of that size."""

    def new(name, records):
        file = tmp_path / f"{name}.zone"
        file.write_text(make(name, records))
        return file

    return new
