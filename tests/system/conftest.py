"""Fixtures. Each test has namespaces of its own, which are deleted when the test ends for any reason, except with
--keep."""

import os
import re
import signal

import pytest

from backtraces import backtraces_in
from lab import AF_XDP, DATA, EVERYONE, Axfrd, Lab, sweep
from zones import make

SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:")

# LABS, FAILED: of a test, its labs, and whether it failed. KEPT: of a session, what it prints about labs that stay.
LABS, FAILED, KEPT = pytest.StashKey(), pytest.StashKey(), pytest.StashKey()


def pytest_sessionstart():
    if os.geteuid() != 0:
        raise pytest.UsageError("the system tests need root, for namespaces and DPDK")
    # SIGTERM is treated like Ctrl-C, so that fixtures clean up.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    sweep()


def pytest_addoption(parser):
    parser.addoption("--shard", default="0/1", help="I/N: run every Nth test, beginning with the Ith (from 0)")
    parser.addoption("--keep", action="store_true", help="leave the labs of a test that fails standing, and say where")
    parser.addoption("--pause", action="store_true", help="when a test fails, wait for Enter before its labs end")


def pytest_configure(config):
    config.stash[KEPT] = []


def pytest_collection_modifyitems(config, items):
    first, step = map(int, config.getoption("--shard").split("/"))
    items[:] = items[first::step]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """When this is called for a failed test, or for a fixture that failed, the fixtures still exist."""
    report = (yield).get_result()
    if not report.failed:
        return
    item.stash[FAILED] = True
    if report.when != "teardown" and item.config.getoption("pause"):
        pause(item, report)


def pause(item, report):
    capture = item.config.pluginmanager.getplugin("capturemanager")
    capture.suspend(in_=True)
    try:
        print(f"\n{item.nodeid} has failed:\n{report.longreprtext}")
        for lab in item.stash.get(LABS, []):
            print("", *lab.how_to_look(), sep="\n  ")
        input("\nEnter goes on: ")
    except EOFError:
        print("nobody is there to press it")
    finally:
        capture.resume()


def stays(node):
    """Whether the labs of a test are kept after it."""
    return node.config.getoption("keep") and FAILED in node.stash


def pytest_terminal_summary(terminalreporter, config):
    for nodeid, lines in config.stash[KEPT]:
        terminalreporter.section(f"the lab of {nodeid} is left standing")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture
def new_lab(request):
    """new_lab("client", "other", ports=2): a lab with these hosts."""
    labs = request.node.stash[LABS] = []

    def new(*hosts, **options):
        labs.append(Lab(*hosts, **options))
        return labs[-1]

    yield new
    for lab in labs:
        if stays(request.node):
            lab.keep()
            request.config.stash[KEPT].append((request.node.nodeid, [*lab.how_to_look()]))
        else:
            lab.close()
    for lab in labs:
        for name, log in lab.logs.items():
            request.node.add_report_section("teardown", name, log[-4000:])
            for text in backtraces_in(log):
                request.node.add_report_section("teardown", f"{name}, a crash", text)
    for lab in labs:
        for name, log in lab.logs.items():
            assert not SANITIZER_REPORT.search(log), name


@pytest.fixture
def new_axfrd(request):
    """new_axfrd(lab, zones=[...], option=...): a started appliance. At the end of the test, it must stop on SIGTERM."""
    started = []

    def new(lab, **options):
        started.append(Axfrd(lab, **options))
        return started[-1].start()

    yield new
    if stays(request.node):
        return
    for axfrd in started:
        if axfrd.running() and axfrd.stop() != 0:
            request.node.stash[FAILED] = True
            raise AssertionError("axfrd ended badly when it was told to stop")


@pytest.fixture
def axfrd(new_lab, new_axfrd):
    """The usual case: one client, one port, the sample zones, transfers allowed to all hosts of the lab."""
    return new_axfrd(new_lab("client"), zones=sorted(DATA.glob("*.zone")), allow_transfer=EVERYONE)


@pytest.fixture
def axfrd_on_af_xdp(new_lab, new_axfrd):
    """The same on an af_xdp port. With af_packet, the kernel reassembles IPv4 fragments before the port gets them."""
    return new_axfrd(new_lab("client"), ports=[AF_XDP], zones=sorted(DATA.glob("*.zone")), allow_transfer=EVERYONE)


@pytest.fixture
def client(axfrd):
    return axfrd.lab.client


@pytest.fixture
def zone_file(tmp_path):
    """zone_file(name, records): a file with a made-up zone of about that many records."""

    def new(name, records):
        file = tmp_path / f"{name}.zone"
        file.write_text(make(name, records))
        return file

    return new
