"""Events on a port that serves: changes of its link, its interface, its XDP program and its worker."""

import ctypes
import os
import pathlib
import signal

import dns.message
import pytest

import ask
from frames import Sender
from lab import AF_XDP, BUILD, DATA, IPV4, IPV6, SPLIT, Axfrd, af_packet, libc, wait_until

ZONES = [DATA / "example.com.zone"]
FOREIGN = "/usr/lib/x86_64-linux-gnu/bpf/xdpfilt_alw_all.o"  # of libxdp
MINE = ["192.0.2.60", "2001:db8::60"]
DOORS = {"split": SPLIT, "af_xdp": {"ports": [AF_XDP]}, "af_packet": {"ports": [af_packet()]}}
EACH_DOOR = pytest.mark.parametrize("door", DOORS)


@pytest.fixture
def served(new_lab, new_axfrd):
    """served(door, option=...): an axfrd with that kind of port, and a client."""

    def new(door, **options):
        return new_axfrd(new_lab("client", split=door == "split"), zones=ZONES, **{**DOORS[door], **options})

    return new


def port(axfrd):
    return axfrd.stats()["ports"][0]


def link(axfrd, *arguments, device="axp0"):
    axfrd.lab.appliance.run("ip", "link", "set", device, *arguments)


def xdp(axfrd):
    return axfrd.lab.appliance.run("ip", "-d", "link", "show", "axp0").stdout


def answers(axfrd, address=IPV4):
    return ask.udp(axfrd.lab.client, "www.example.com", "A", address).answer


def by_worker(axfrd):
    return sum(worker["answered"] for worker in axfrd.stats()["workers"])


def assert_a_worker_answers(axfrd, address=IPV4):
    before = by_worker(axfrd)
    assert answers(axfrd, address) and by_worker(axfrd) == before + 1


def ends(axfrd, reason):
    """Waits until axfrd ends by itself, with a failure, so that the service manager starts it again."""
    wait_until(lambda: not axfrd.running(), "axfrd to end")
    assert axfrd.process.returncode == 1 and f"error: {reason}" in axfrd.log()


# ---- the link ----


@EACH_DOOR
def test_a_link_that_goes_down_and_comes_back_is_followed(served, door):
    axfrd = served(door)
    name = port(axfrd)["device"]
    assert port(axfrd)["link_up"] and "link up" in axfrd.ctl("status").stdout
    link(axfrd, "down")
    wait_until(lambda: not port(axfrd)["link_up"], "the link to be seen down")
    axfrd.logs(f"port {name}: the link is down")
    assert "link down" in axfrd.ctl("status").stdout
    link(axfrd, "up")
    wait_until(lambda: port(axfrd)["link_up"], "the link to be seen up")
    axfrd.logs(f"port {name}: the link is up")
    assert_a_worker_answers(axfrd)


@EACH_DOOR
def test_a_cable_that_is_pulled_at_the_other_end_is_seen(served, door):
    axfrd = served(door)
    switch = ["ip", "netns", "exec", f"{axfrd.lab.name}-switch", "ip", "link", "set", "port0"]
    axfrd.lab.appliance.run(*switch, "down")
    wait_until(lambda: not port(axfrd)["link_up"], "the link to be seen down")
    axfrd.lab.appliance.run(*switch, "up")
    wait_until(lambda: port(axfrd)["link_up"], "the link to be seen up")
    assert_a_worker_answers(axfrd)


def test_addresses_that_we_gave_the_interface_are_there_again_with_the_link(served):
    axfrd = served("split", address=[f"{IPV4}/24", f"{MINE[0]}/24", f"{MINE[1]}/64"])
    link(axfrd, "down")
    wait_until(lambda: not port(axfrd)["link_up"], "the link to be seen down")
    link(axfrd, "up")
    wait_until(lambda: port(axfrd)["link_up"], "the link to be seen up")
    for address in MINE:
        wait_until(lambda: address in axfrd.lab.appliance.run("ip", "address").stdout, address)
        assert_a_worker_answers(axfrd, address)
    assert axfrd.stop() == 0
    assert not any(address in axfrd.lab.appliance.run("ip", "address").stdout for address in MINE)


# ---- the interface ----


@EACH_DOOR
def test_an_interface_that_is_deleted_ends_axfrd_with_the_reason(served, door):
    axfrd = served(door)
    name = port(axfrd)["device"]
    axfrd.lab.appliance.run("ip", "link", "delete", "axp0")
    ends(axfrd, f"port {name}: its interface is gone")


def test_a_tap_that_is_down_is_told(served):
    axfrd = served("af_packet")
    link(axfrd, "down", device="axfrd0")
    wait_until(lambda: "interface axfrd0 is down" in axfrd.log(), "a line in the log")
    link(axfrd, "up", device="axfrd0")
    wait_until(lambda: "interface axfrd0 is up" in axfrd.log(), "a line in the log")


def test_a_tap_that_is_deleted_ends_axfrd_with_the_reason(served):
    axfrd = served("af_packet")
    axfrd.lab.appliance.run("ip", "link", "delete", "axfrd0")
    ends(axfrd, "interface axfrd0 is gone")


# ---- the XDP program ----


@pytest.mark.parametrize("door", ["split", "af_xdp"])
def test_a_program_that_somebody_takes_off_is_put_back(served, door):
    axfrd = served(door)
    assert port(axfrd)["xdp_attached"]
    for times in 1, 2:
        link(axfrd, "xdp", "off")
        wait_until(lambda: port(axfrd)["xdp_reattached"] == times, "the program to be put back")
        assert port(axfrd)["xdp_attached"] and "prog/xdp" in xdp(axfrd)
        assert_a_worker_answers(axfrd)
    assert axfrd.log().count("somebody took its XDP program off; it is attached again") == 2
    assert axfrd.stop() == 0
    assert "prog/xdp" not in xdp(axfrd)


def test_while_another_program_is_in_its_place_the_kernels_sockets_answer(served):
    axfrd = served("split")
    axfrd.lab.appliance.run("ip", "-force", "link", "set", "axp0", "xdp", "obj", FOREIGN, "sec", "xdp")
    wait_until(lambda: not port(axfrd)["xdp_attached"], "the other program to be seen")
    assert axfrd.log().count("another XDP program (") == 1 and "XDP program off" in axfrd.ctl("status").stdout
    assert answers(axfrd) and by_worker(axfrd) == 0
    link(axfrd, "xdp", "off")
    wait_until(lambda: port(axfrd)["xdp_attached"], "ours to be back")
    assert_a_worker_answers(axfrd)


def test_another_program_is_left_alone_at_the_end(served):
    axfrd = served("split")
    axfrd.lab.appliance.run("ip", "-force", "link", "set", "axp0", "xdp", "obj", FOREIGN, "sec", "xdp")
    wait_until(lambda: not port(axfrd)["xdp_attached"], "the other program to be seen")
    assert axfrd.stop() == 0
    assert "prog/xdp" in xdp(axfrd) and "axfrd_split" not in xdp(axfrd)


# ---- a port that stalls ----

PTRACE_ATTACH, PTRACE_DETACH = 16, 17


class Halted:
    """Stops one thread of axfrd."""

    def __init__(self, axfrd, name):
        tasks = pathlib.Path(f"/proc/{axfrd.process.pid}/task").iterdir()
        (self.thread,) = [int(task.name) for task in tasks if (task / "comm").read_text().startswith(name)]

    def trace(self, request):
        if libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self.trace(PTRACE_ATTACH)
        os.waitpid(self.thread, 0x40000000)  # __WALL

    def __exit__(self, *_):
        self.trace(PTRACE_DETACH)


def test_a_port_that_receives_nothing_while_packets_are_lost_is_told(served):
    axfrd = served("split")
    sender = Sender(axfrd)
    packet = sender.packet(4, dns.message.make_query("www.example.com", "A").to_wire())

    def stalled():
        for _ in range(1000):
            sender.send(packet)
        return port(axfrd)["stalled"]

    with Halted(axfrd, "rte-worker-1"):
        wait_until(stalled, "the stall to be seen", timeout=60)
        axfrd.logs("port axp0: stalled")
        assert "stalled" in axfrd.ctl("status").stdout
    wait_until(lambda: not port(axfrd)["stalled"], "its end to be seen")
    assert port(axfrd)["stalls"] == 1
    axfrd.logs("port axp0: receives again")
    assert answers(axfrd, IPV6)


# ---- a start that is stuck ----


@pytest.mark.parametrize("call", ["rte_eal_init", "rte_eth_dev_start", "rte_eal_remote_launch"])
def test_a_start_that_is_stuck_says_where_and_ends_when_it_is_told_to(new_lab, call):
    lab = new_lab("client", split=True)
    axfrd = Axfrd(lab, zones=ZONES, **{**SPLIT, "address": [f"{IPV4}/24", f"{MINE[0]}/24"]})
    environment = os.environ | {"LD_PRELOAD": str(BUILD / "tests" / "system" / "stuck.so"), "STUCK": call}
    process = lab.appliance.spawn(BUILD / "axfrd", *axfrd.arguments(), env=environment)
    step = {"rte_eal_init": "DPDK's environment", "rte_eth_dev_start": "port axp0"}.get(call, "the packet workers")
    wait_until(lambda: f"waiting for {step}" in process.log.read_text(), "a line in the log")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert "does not come back" in process.log.read_text()
    assert "prog/xdp" not in lab.appliance.run("ip", "-d", "link").stdout
    assert MINE[0] not in lab.appliance.run("ip", "address").stdout
