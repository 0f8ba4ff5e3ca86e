"""Stores of earlier releases can be opened, served, edited and rolled back (tests/data/stores)."""

import json
import tarfile

import dns.rdatatype
import pytest

import zones
from control import Control
from fill_store import STORES, content, options_of, transfer
from lab import Axfrd

FORMATS = sorted(file.name.removesuffix(".tar.xz") for file in STORES.glob("*.tar.xz"))


@pytest.fixture
def old_store(new_lab):
    """old_store(format, which): an axfrd with a store of that release, which is not started yet."""
    made = []

    def new(form, which):
        lab = new_lab("client")
        lab.appliance.run("ip", "link", "set", "lo", "up")
        with tarfile.open(STORES / f"{form}.tar.xz") as archive:
            archive.extractall(lab.appliance.directory)
        made.append(Axfrd(lab, **options_of(lab.appliance.directory / which)))
        return made[-1]

    yield new
    for axfrd in made:
        assert not axfrd.running() or axfrd.stop() == 0


def expected(form, which):
    held = json.loads((STORES / f"{form}.json").read_text())[which]
    for zone in held["zones"].values():
        for step in zone["history"]["steps"]:
            step.setdefault("by", None)  # format 6 does not have it
    return held


def without_soa(records):
    return [record for record in records if record.type != dns.rdatatype.SOA]


def lines(text):
    """The sorted lines of an export, without the SOA."""
    return sorted(line for line in text.splitlines() if line.split()[3:4] != ["SOA"])


@pytest.mark.parametrize("which", ["clean", "killed"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_store_of_an_earlier_release_holds_what_it_held(old_store, form, which):
    axfrd = old_store(form, which).start()
    assert content(axfrd) == expected(form, which)
    assert "damaged" not in axfrd.log() and "lost" not in axfrd.log()
    axfrd.stop()
    axfrd.start()
    assert content(axfrd) == expected(form, which), "and holds it in the format of today"


@pytest.mark.parametrize("which", ["clean", "killed"])
@pytest.mark.parametrize("form", FORMATS)
def test_zones_of_an_earlier_release_are_edited_rolled_back_and_transferred(old_store, form, which):
    axfrd = old_store(form, which).start()
    before = expected(form, which)["zones"]
    names = [zone for zone in before if zone != "signed.example."]  # its serials are those of its signer
    with Control(axfrd.socket) as control:
        for zone in names:
            control.edit(zone, set=['new 60 TXT "of today"'])
        for zone in names:
            steps = control.call("zone.history", zone=zone)
            assert len(json.dumps(steps)) > len(json.dumps(before[zone]["history"])), "old steps, and one more"
        for zone in names:
            control.call("zone.rollback", zone=zone, serial=str(before[zone]["serial"]))
    axfrd.kill()
    axfrd.start()
    with Control(axfrd.socket) as control:
        for zone in before:
            assert lines(control.call("zone.export", zone=zone)["text"]) == lines(before[zone]["text"])
            if zone == "alias.example.":
                continue  # only axfrd reads ALIAS
            held = zones.parse(before[zone]["text"], zone)
            pulled = [zones.Record.of(*each) for each in transfer(axfrd, zone).iterate_rdatas()]
            assert zones.differences(without_soa(held), without_soa(pulled)) == [], zone
