"""Options on the command line and in a file. Mistakes are reported clearly, before anything is started."""

import subprocess

import pytest

import ask
from lab import BUILD, DATA, IPV4, PATIENCE, Axfrd, wait_until

SAMPLES = sorted(DATA.glob("*.zone"))


def axfrd(*arguments):
    # Without a network: if axfrd overlooks a mistake, it starts to serve.
    command = ["unshare", "--net", BUILD / "axfrd", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def test_help_lists_every_option():
    done = axfrd("--help")
    assert done.returncode == 0
    for option in (
        "--config --port --no-port --address --tap --vhost-net --workers --worker-cpus --control-cpus --no-huge "
        "--memory --idle-sleep --store --zones-dir --allow-transfer --tcp-max-sessions --tcp-max-per-client "
        "--tcp-idle-timeout --udp-payload --control-socket"
    ).split():
        assert option in done.stdout


PORT = "--port=net_ring0"
MISTAKES = {
    "an unknown option": (["--bogus"], "bogus"),
    "a word too many": ([PORT, "--address=192.0.2.53/24", "nonsense"], "nonsense"),
    "an address that is none": ([PORT, "--address=192.0.2.256/24"], "192.0.2.256/24"),
    "an address without its length": ([PORT, "--address=192.0.2.53"], "192.0.2.53"),
    "a length that is too long": ([PORT, "--address=192.0.2.53/33"], "192.0.2.53/33"),
    "a prefix that is none": (["--no-port", "--allow-transfer=nonsense"], "nonsense"),
    "a prefix with bits below its length": (["--no-port", "--allow-transfer=192.0.2.1/24"], "192.0.2.1/24"),
    "no workers": ([PORT, "--address=192.0.2.53/24", "--workers=0"], "workers"),
    "workers that are not a number": ([PORT, "--address=192.0.2.53/24", "--workers=many"], "many"),
    "an unknown idle mode": ([PORT, "--address=192.0.2.53/24", "--idle-sleep=maybe"], "maybe"),
    "a UDP payload smaller than DNS's own": (["--no-port", "--udp-payload=511"], "511"),
    "a port and no port": ([PORT, "--no-port"], "no-port"),
    "neither a port nor none": ([], "port"),
    "a port without addresses": ([PORT], "address"),
    "a zones directory that is not there": (["--no-port", "--zones-dir=/nowhere"], "/nowhere"),
    "a configuration file that is not there": (["--config=/nowhere/axfrd.conf"], "/nowhere/axfrd.conf"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_named_with_exit_code_2(what, tmp_path):
    arguments, named = MISTAKES[what]
    done = axfrd(*arguments, "--control-socket", tmp_path / "socket", "--store", tmp_path / "store")
    assert done.returncode == 2 and named in done.stderr
    assert len(done.stderr.splitlines()) <= 3, "plainly"


def test_a_port_that_is_not_there_is_named_with_exit_code_1(new_lab):
    lab = new_lab("client")
    done = Axfrd(lab, zones=SAMPLES, ports=["net_af_packet0,iface=nothing0"])
    done = lab.appliance.run(BUILD / "axfrd", *done.arguments(), check=False)
    assert done.returncode == 1 and "net_af_packet0,iface=nothing0" in done.stderr


def test_options_from_a_file(new_lab):
    lab = new_lab("client")
    appliance = Axfrd(lab, zones=SAMPLES)
    file = lab.directory / "axfrd.conf"
    lines = ["# a comment"]
    for option, value in appliance.options.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            lines.append(f"{option.replace('_', '-')} = {str(each).lower() if isinstance(each, bool) else each}")
    file.write_text("\n".join(lines) + "\n")
    process = lab.appliance.spawn(BUILD / "axfrd", "--config", file)
    wait_until(lambda: "ready" in process.log.read_text(), "axfrd to be ready")
    assert ask.udp(lab.client, "www.example.com", "A", IPV4).answer
    process.terminate()
    assert process.wait(10) == 0


def test_a_mistake_in_a_file_is_named_with_the_file(tmp_path):
    file = tmp_path / "axfrd.conf"
    file.write_text("no-port = true\nbogus = 1\n")
    done = axfrd("--config", file)
    assert done.returncode == 2 and "bogus" in done.stderr and str(file) in done.stderr


def test_the_command_line_wins_over_the_file(new_lab):
    lab = new_lab("client")
    file = lab.directory / "axfrd.conf"
    file.write_text("udp-payload = 600\n")
    appliance = Axfrd(lab, zones=SAMPLES, config=file, udp_payload=900).start()
    assert ask.udp(lab.client, "www.example.com", "A", IPV4, payload=4096).payload == 900
    assert appliance.stop() == 0


def test_words_after_two_dashes_go_to_dpdk_and_the_whole_line_is_logged(new_lab):
    lab = new_lab("client")
    appliance = Axfrd(lab, zones=SAMPLES)
    process = lab.appliance.spawn(BUILD / "axfrd", *appliance.arguments(), "--", "--log-level=lib.eal:debug")
    wait_until(lambda: "ready" in process.log.read_text(), "axfrd to be ready")
    assert "--log-level=lib.eal:debug" in process.log.read_text()
    process.terminate()
    assert process.wait(10) == 0
