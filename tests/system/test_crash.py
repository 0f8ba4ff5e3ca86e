"""An axfrd that is killed at any moment loses no acknowledged change, applies no change in part, and keeps its history.

Writers commit without a pause. Each commit of a zone writes one number to several names. Meanwhile a poller asks for
serials, as secondaries do. The redo log is small, so that there are checkpoints. Then axfrd is killed, or ends itself
in the middle of a write to its store, and is started again. It must serve the last commit that was acknowledged, or the
next one, which was in progress.
"""

import copy
import os
import random
import threading
import time

import dns.message
import dns.query
import dns.zone
import pytest

import zones
from control import Control
from lab import BUILD, Axfrd, wait_until

# Few, because this is part of every run of the tests. AXFRD_KILLS makes a longer run.
KILLS = int(os.environ.get("AXFRD_KILLS", "30"))
ZONES = ["small.example", "large.example"]
NAMES = ["one", "two", "three.deep", "zzz"]
ADDRESS = "127.0.0.1"


class Writer(threading.Thread):
    """Commits to one zone until axfrd has ended."""

    def __init__(self, host, socket, zone, number):
        super().__init__()
        self.host, self.socket, self.zone = host, socket, zone
        self.begun = self.acknowledged = number
        self.serial = 0

    def run(self):
        try:
            with Control(self.socket) as control:
                while True:
                    self.begun = self.acknowledged + 1
                    unset = [f"{name} TXT" for name in NAMES]
                    records = [f'{name} 60 TXT "{self.begun}"' for name in NAMES]
                    self.serial = control.edit(self.zone, set=records, unset=unset)["serial"]
                    self.acknowledged = self.begun
        except (OSError, EOFError):
            pass


class Poller(threading.Thread):
    """Keeps the newest serial of each zone that axfrd ever answered with."""

    def __init__(self, host):
        super().__init__()
        self.host, self.told, self.ended = host, {zone: 0 for zone in ZONES}, threading.Event()

    def run(self):
        with self.host.inside():
            while not self.ended.is_set():
                for zone in ZONES:
                    try:
                        answer = dns.query.udp(dns.message.make_query(zone, "SOA"), ADDRESS, timeout=0.05).answer
                        self.told[zone] = max(self.told[zone], answer[0][0].serial)
                    except (OSError, dns.exception.Timeout):
                        pass


class Crashes:
    def __init__(self, lab, axfrd):
        self.host, self.axfrd = lab.appliance, axfrd
        self.numbers = {zone: 0 for zone in ZONES}
        self.copies = {}
        self.random = random.Random(1)

    def prepare(self):
        self.axfrd.start()
        with Control(self.axfrd.socket) as control:
            for zone, records in [("small.example", 12), ("large.example", 3000)]:
                control.call("zone.import", zone=zone, text=zones.make(zone, records))
                control.edit(zone, set=[f'{name} 60 TXT "0"' for name in NAMES])
        self.copies = {zone: self.pull(dns.zone.Zone(zone, relativize=False)) for zone in ZONES}
        self.axfrd.kill()

    def round(self, fault):
        environment = dict(os.environ)
        if fault:
            environment |= {"LD_PRELOAD": str(BUILD / "tests" / "system" / "fault.so"), "FAULT": fault}
        try:
            self.axfrd.start(env=environment)
        except RuntimeError:
            assert fault, "only a fault may end it before it is ready"
            return
        writers = [Writer(self.host, self.axfrd.socket, zone, self.numbers[zone]) for zone in ZONES]
        poller = Poller(self.host)
        for thread in [*writers, poller]:
            thread.start()
        if fault:
            wait_until(lambda: not self.axfrd.running(), "the fault", pause=0.005)
        else:
            time.sleep(self.random.uniform(0, 0.06))
        self.axfrd.kill()
        poller.ended.set()
        for thread in [*writers, poller]:
            thread.join()
        self.verify(writers, poller)

    def verify(self, writers, poller):
        self.axfrd.start()
        for writer in writers:
            old = self.copies[writer.zone]
            new = self.pull(copy.deepcopy(old))
            numbers = {new.find_rrset(name + "." + writer.zone + ".", "TXT")[0].strings[0] for name in NAMES}
            assert len(numbers) == 1, f"half a commit: {numbers}"
            (number,) = (int(each) for each in numbers)
            assert number in (writer.acknowledged, writer.begun), "what was acknowledged is what is there"
            serial = new.get_soa().serial
            assert serial >= writer.serial and serial >= poller.told[writer.zone], "no serial was told and then lost"
            with Control(self.axfrd.socket) as control:
                ours = zones.parse(control.call("zone.export", zone=writer.zone)["text"], writer.zone)
            copied = sorted(zones.Record.of(*each) for each in new.iterate_rdatas())
            assert zones.differences(ours, copied) == [], "history leads from the copy of the last round to here"
            self.copies[writer.zone], self.numbers[writer.zone] = new, number
        assert self.axfrd.stats()["tcp"]["transfers_finished"] == self.axfrd.stats()["tcp"]["ixfr_finished"]
        self.axfrd.kill()

    def pull(self, zone):
        with self.host.inside():
            dns.query.inbound_xfr(ADDRESS, zone)
        return zone


@pytest.fixture
def crashes(new_lab):
    lab = new_lab("client")
    lab.appliance.run("ip", "link", "set", "lo", "up")
    options = {"port": None, "address": [ADDRESS + "/8"], "no_huge": None, "zones_dir": None}
    axfrd = Axfrd(lab, **options, no_port=True, redo_log=64, allow_transfer=["127.0.0.0/8"])
    found = Crashes(lab, axfrd)
    found.prepare()
    return found


def test_killed_at_random_moments(crashes):
    for _ in range(KILLS // 2):
        crashes.round(fault=None)


def test_ended_in_the_middle_of_a_write(crashes):
    pick = random.Random(2)
    for _ in range(KILLS // 2):
        crashes.round(fault=f"{pick.randrange(1, 40)}:{pick.choice(['before', 'half', 'after'])}")
