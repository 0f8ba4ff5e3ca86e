"""The kernel path by vhost-net, under a kernel that has it. To run all of these tests, with AXFRD_BUILD set:

scripts/vm python3 -m pytest -c tests/system/pytest.ini -k vhost-net tests/system/test_kernel_path.py
"""

import subprocess

from lab import BUILD, ROOT

SYSTEM = ROOT / "tests" / "system"


def test_the_kernel_does_for_us_by_vhost_net_what_it_does_by_a_tap():
    tests = "vhost-net and pipelined"
    pytest = ["/usr/bin/python3", "-m", "pytest", "-q", "-c", SYSTEM / "pytest.ini", "-k", tests]
    command = [ROOT / "scripts" / "vm", "env", f"AXFRD_BUILD={BUILD}", *pytest, SYSTEM / "test_kernel_path.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
