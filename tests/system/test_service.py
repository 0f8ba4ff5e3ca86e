"""The unit file for systemd: systemd understands it, and axfrd needs none of the capabilities that it drops."""

import re
import subprocess

import ask
import pytest
from lab import AF_XDP, BUILD, DATA, IPV4, SPLIT, af_packet

SAMPLES = sorted(DATA.glob("*.zone"))
UNIT = BUILD / "axfrd.service"


def setting(name):
    return re.search(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)[1]


def test_systemd_understands_the_unit(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={BUILD}/axfrd", UNIT.read_text(), flags=re.MULTILINE))
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert told.returncode == 0 and "axfrd.service" not in told.stderr, told.stderr


@pytest.mark.parametrize(
    "port",
    [SPLIT, {"ports": [af_packet()]}, {"ports": [AF_XDP]}],
    ids=["interface", "af_packet", "af_xdp"],
)  # fmt: skip
def test_the_capabilities_that_the_unit_leaves_are_enough(new_lab, new_axfrd, monkeypatch, port):
    lab = new_lab("client", split=port is SPLIT)
    left = ",".join("+" + name.removeprefix("CAP_").lower() for name in setting("CapabilityBoundingSet").split())
    monkeypatch.setattr("lab.Axfrd.prefix", ("setpriv", "--no-new-privs", f"--bounding-set=-all,{left}"))
    name, value = setting("Environment").split("=", 1)
    monkeypatch.setenv(name, value)
    new_axfrd(lab, zones=SAMPLES, **port)
    assert ask.udp(lab.client, "www.example.com", "A", IPV4).answer
    assert ask.tcp(lab.client, "www.example.com", "A", IPV4).answer
