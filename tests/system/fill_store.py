"""Makes an example of a store, with which later releases of axfrd are tested (tests/data/stores).

    AXFRD_BUILD=<build of the release> python3 tests/system/fill_store.py <format>

Writes <format>.tar.xz and <format>.json. The archive has `clean`, a store whose axfrd was stopped, and `killed`, the
same store some changes later, which are only in its redo log. The JSON file has the content of both.
"""

import io
import json
import pathlib
import shutil
import sys
import tarfile
import tempfile
import time

import dns.query
import dns.zone

import signing
import zones
from control import Control
from lab import ROOT, Axfrd, Lab

STORES = ROOT / "tests" / "data" / "stores"
ADDRESS, SECONDARY = "127.0.0.1", "127.0.0.2"
ALIASES = """$TTL 300
@ SOA ns.elsewhere.test. admin 7 7200 3600 1209600 300
@ NS ns.elsewhere.test.
@ ALIAS target.elsewhere.test.
www URL "https://www.elsewhere.test/"
mail A 192.0.2.25
"""


def options_of(store):
    """Options of an axfrd without a port, on kernel sockets alone."""
    return {
        "port": None,
        "address": [ADDRESS + "/8"],
        "no_huge": None,
        "zones_dir": None,
        "no_port": True,
        "store": store,
        "allow_transfer": ["127.0.0.0/8"],
        "url_address": ["192.0.2.80"],
    }


def transfer(axfrd, zone, **options):
    with axfrd.lab.appliance.inside():
        copy = dns.zone.Zone(zone, relativize=False)
        dns.query.inbound_xfr(ADDRESS, copy, **options)
    return copy


def fill(axfrd, directory):
    signed, _ = signing.sign(directory, "signed.example", zones.make("signed.example", 20), signing.CHAINS["nsec3"])
    with Control(axfrd.socket) as control:
        for zone, records in [("small.example", 12), ("large.example", 700), ("removed.example", 12)]:
            control.call("zone.import", zone=zone, text=zones.make(zone, records))
        control.call("zone.import", zone="signed.example", text=signed.read_text())
        control.call("zone.import", zone="alias.example", text=ALIASES)
        control.call("zone.config", zone="signed.example", serial="keep")
        control.call("zone.config", zone="small.example", serial="increment")
        secret = "c2VjcmV0IG9mIHRoZSBleGFtcGxlIGtleSBvbmU="
        control.call("key.add", key="one.key", secret=secret)
        control.call("key.add", key="two.key", secret="YW5vdGhlciBzZWNyZXQ=", algorithm="hmac-sha512")
        control.call("key.grant", key="one.key", zone="small.example", names="*.dyn.small.example", types="A,TYPE65280")
        control.call("key.grant", key="one.key", zone="*")
        control.call("provider.set", provider="friend", ns="ns.friend.test", allow="192.0.2.9=one.key", key="two.key")
        control.call("cookie.add", secret="000102030405060708090a0b0c0d0e0f")
        control.call("cookie.activate")
        control.call("secondary.enable", zone="small.example", ns="ns.friend.test", allow=SECONDARY + "@5399")
        control.call("secondary.enable", zone="large.example", ns="ns.friend.test", allow="192.0.2.0/24=one.key")
        for number in range(3):
            for zone in ["small.example", "large.example", "alias.example"]:
                control.edit(zone, set=[f'step{number} 60 TXT "{number}"'])
        control.edit("alias.example", unset=["www URL"])
    transfer(axfrd, "small.example", source=SECONDARY)  # so that the ledger has an entry to store
    time.sleep(1.5)


def change(axfrd):
    """Makes some changes, so soon before the kill that no checkpoint contains them."""
    with Control(axfrd.socket) as control:
        for zone in ["small.example", "large.example", "alias.example"]:
            control.edit(zone, set=['late 60 TXT "late"'], unset=["step0"])
        control.call("zone.import", zone="late.example", text=zones.make("late.example", 5))
        control.call("zone.remove", zone="removed.example")
        control.call("key.add", key="late.key", secret="bGF0ZQ==")
        control.call("key.remove", key="two.key")


def content(axfrd):
    """Everything that an operator can query, except for what depends on the time."""
    with Control(axfrd.socket) as control:
        names = [row["zone"] for row in control.call("zone.list")["zones"]]
        found = {"zones": {}, "keys": control.call("key.list")["keys"]}
        for zone in sorted(names):
            shown = control.call("zone.show", zone=zone)
            history = control.call("zone.history", zone=zone)
            found["zones"][zone] = {
                "text": control.call("zone.export", zone=zone)["text"],
                "serial": shown["serial"],
                "shown": {key: shown[key] for key in shown if "serial" in key or key in ("records", "names")},
                "history": history,
            }
        found["providers"] = control.call("provider.list")["providers"]
        found["cookies"] = control.call("cookie.show")
        found["secondaries"] = [
            {key: row[key] for key in ("zone", "secondary", "has_serial")}
            for row in control.call("secondary.status")["ledger"]
        ]
        for key in found["keys"]:
            key.pop("last_used", None)
    return found


def pack(archive, name, store):
    for file in sorted(store.iterdir()):
        data = file.read_bytes()
        info = tarfile.TarInfo(f"{name}/{file.name}")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))


def main(form):
    lab = Lab("client")
    try:
        lab.appliance.run("ip", "link", "set", "lo", "up")
        store = lab.appliance.directory / "store"
        killed = lab.appliance.directory / "killed"
        axfrd = Axfrd(lab, **options_of(store)).start()
        with tempfile.TemporaryDirectory() as directory:
            fill(axfrd, pathlib.Path(directory))
        expected = {"clean": content(axfrd)}
        axfrd.stop()
        shutil.copytree(store, killed)
        axfrd.options["store"] = killed
        axfrd.start()
        change(axfrd)
        axfrd.kill()
        with tarfile.open(STORES / f"{form}.tar.xz", "w:xz") as archive:
            pack(archive, "clean", store)
            pack(archive, "killed", killed)
        axfrd.start()
        expected["killed"] = content(axfrd)
        axfrd.stop()
        (STORES / f"{form}.json").write_text(json.dumps(expected, indent=1) + "\n")
    finally:
        lab.close()


if __name__ == "__main__":
    main(sys.argv[1])
