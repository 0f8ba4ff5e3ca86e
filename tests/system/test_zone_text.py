"""Zone files as operators have them: defaults, what the import changes or leaves out, and its messages."""

import json
import os
import signal
import subprocess
import time

import pytest

import zones
from control import Control
from lab import BUILD, wait_until
from zone_texts import ZoneText

SOA = "@ SOA ns.example.net. host.example.net. 1 3600 600 86400 300\n"
APEX = "$TTL 3600\n" + SOA + "@ NS ns.example.net.\n"


def records(axfrd, name="example.com"):
    """The served records without SOA and NS of the apex, as "owner ttl type data"."""
    lines = axfrd.ctl("zone", "export", name).stdout.splitlines()
    lines = [line.split("\t") for line in lines]
    return sorted(
        " ".join([owner.removesuffix(f".{name}."), ttl, *data])
        for owner, ttl, _, *data in lines
        if data[0] not in ("SOA", "NS")
    )


@pytest.fixture
def load(axfrd, tmp_path):
    """load(text, *options): imports the text as example.com; returns the output of axfrctl."""

    def load(text, *options, check=True):
        file = tmp_path / "example.com.zone"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return axfrd.ctl("zone", "import", file, *options, check=check)

    return load


def test_the_minimum_of_the_soa_is_the_ttl_of_all_that_state_none(axfrd, load):
    said = load("@ IN SOA ns.example.net. host.example.net. 1 900 600 86400 1800\n@ NS ns.example.net.\n"
                "a 100 A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n").stderr
    assert records(axfrd) == ["a 100 A 192.0.2.1", "b 1800 A 192.0.2.2", "c 1800 A 192.0.2.3"]
    assert "example.com.zone:1: " in said and "MINIMUM, 1800" in said


def test_foreign_records_are_left_out_with_a_warning_each(axfrd, load):
    text = APEX + "ns01.hoster.net. A 192.0.2.24\n@ NS ns02.hoster.net.\n"
    text += "ns02.hoster.net. A 192.0.2.25\nwww A 192.0.2.1\n"
    done = load(text)
    assert records(axfrd) == ["www 3600 A 192.0.2.1"]
    foreign = [line for line in done.stderr.splitlines() if "is not in the zone" in line]
    assert [line.split(": ")[1].rpartition("/")[2] for line in foreign] == [
        "example.com.zone:4", "example.com.zone:6"]
    strict = load(text.replace(" 1 3600", " 2 3600") + "x A 192.0.2.2\n", "--strict", check=False)
    assert strict.returncode == 1 and "ns02.hoster.net. A" in strict.stderr
    assert records(axfrd) == ["www 3600 A 192.0.2.1"], "nothing was changed"


def test_ttls_that_differ_are_told_with_what_is_served(axfrd, load):
    said = load(APEX + "www 3600 A 192.0.2.1\nwww 60 A 192.0.2.2\n").stderr
    assert "www.example.com. A: the TTLs of the RRset differ; 60, the lowest, is served" in said
    assert records(axfrd) == ["www 60 A 192.0.2.1", "www 60 A 192.0.2.2"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("www A 192.0.2.1\nWWW A 192.0.2.1\n", "example.com.zone:5: WWW.example.com. A: the record is there twice"),
        ("a MX 1 mail\na MX 1 MAIL\n", "the record is there twice"),
        ("a 4294967295 A 192.0.2.1\n", "0 is served"),
        ("m\u00fcller A 192.0.2.1\n", "A-label"),
        ("dc [AGE:3634093] 600 A 192.0.2.35\n", "[AGE:n]"),
    ],
)
def test_what_is_changed_or_doubtful_is_told_and_refused_when_strict(load, text, said):
    assert said in load(APEX + text).stderr
    assert load(APEX + text, "--strict", check=False).returncode == 1


def test_scavenging_stamps_of_windows_are_ignored(axfrd, load):
    load("@ IN SOA dc01.example.net. hostmaster.example.net. ( 10 900 600 86400 3600 )\n@ NS dc01.example.net.\n"
         "DomainDnsZones [AGE:3634093] 600 A 192.0.2.35\n               [AGE:3633973] 600 A 192.0.2.36\n")
    assert records(axfrd) == ["DomainDnsZones 600 A 192.0.2.35", "DomainDnsZones 600 A 192.0.2.36"]


def test_encodings_of_editors_are_read_or_named(axfrd, load):
    text = APEX + "www A 192.0.2.1\n"
    assert "byte order mark" in load(b"\xef\xbb\xbf" + text.encode()).stderr
    assert records(axfrd) == ["www 3600 A 192.0.2.1"]
    for encoded in [text.encode("utf-16"), text.encode("utf-16-be"), text.encode("utf-32")]:
        done = load(encoded, check=False)
        assert done.returncode == 1 and "UTF-16" in done.stderr
    done = load(text.replace("\n", "\r"), check=False)
    assert done.returncode == 1 and "CR alone" in done.stderr
    done = load(text + "x\0 A 192.0.2.1\n", check=False)
    assert done.returncode == 1 and "example.com.zone:5: an octet 0" in done.stderr
    done = load((text + "m\u00fcller A 192.0.2.1\n").encode("latin-1"))
    assert "example.com.zone:5: the file is not UTF-8" in done.stderr


def test_generate_counts_as_in_bind(axfrd, load):
    load(APEX + "$GENERATE 1-3 host-$ A 192.0.2.$\n$GENERATE 0-2 h${0,2,x} AAAA 2001:db8::${10,0,x}\n"
         "$GENERATE 2-6/2 $ CNAME host-$\n")
    assert records(axfrd) == [
        *[f"{n} 3600 CNAME host-{n}.example.com." for n in (2, 4, 6)],
        *[f"h0{n} 3600 AAAA 2001:db8::{n + 10:x}" for n in range(3)],
        *[f"host-{n} 3600 A 192.0.2.{n}" for n in (1, 2, 3)],
    ]
    done = load(APEX + "$GENERATE 0-65536 h$ A 192.0.2.1\n", check=False)
    assert done.returncode == 1 and "example.com.zone:4: " in done.stderr and "65536 records at most" in done.stderr


def test_what_is_sent_may_neither_include_nor_generate(axfrd):
    with Control(axfrd.socket) as control:
        for line in ["$INCLUDE /etc/passwd", "$GENERATE 1-9 a$ A 192.0.2.$"]:
            with pytest.raises(RuntimeError, match=r"is not allowed in what is sent"):
                control.call("zone.import", zone="example.com", text=APEX + line + "\n")


def test_included_files_are_read_alike_by_all_who_read_files(new_lab, new_axfrd, tmp_path):
    def write(directory):
        (directory / "parts").mkdir(parents=True)
        (directory / "example.com.zone").write_text(
            APEX + "www A 192.0.2.1\n$INCLUDE parts/mail mail\n\tTXT still-www\n")
        (directory / "parts" / "mail").write_text("@ MX 10 mx\n$INCLUDE more\n")
        (directory / "parts" / "more").write_text("mx A 192.0.2.2\n")

    expected = ["mail 3600 MX 10 mx.mail.example.com.", "mx.mail 3600 A 192.0.2.2", "www 3600 A 192.0.2.1",
                'www 3600 TXT "still-www"']
    write(tmp_path / "start")
    axfrd = new_axfrd(new_lab("client"), zones_dir=tmp_path / "start")
    assert records(axfrd) == expected
    axfrd.ctl("zone", "remove", "example.com")
    axfrd.ctl("zone", "import-dir", tmp_path / "start")
    assert records(axfrd) == expected
    axfrd.ctl("zone", "remove", "example.com")
    axfrd.ctl("zone", "import", tmp_path / "start" / "example.com.zone")
    assert records(axfrd) == expected

    (tmp_path / "start" / "parts" / "more").write_text("\nmx A 192.0.2.256\n")
    for verb in [["import", tmp_path / "start" / "example.com.zone"], ["import-dir", tmp_path / "start"]]:
        done = axfrd.ctl("zone", *verb, check=False)
        assert done.returncode == 1 and f"{tmp_path}/start/parts/more:2: " in done.stderr


@pytest.mark.parametrize(
    "include, said",
    [
        ("/etc/passwd", "not below the directory"),
        ("../secret", "not below the directory"),
        ("link", "not below the directory"),
        ("example.com.zone", "includes itself"),
        ("missing", "No such file"),
        ("fifo", "a FIFO"),
        (".", "a directory"),
    ],
)
def test_what_must_not_be_included_is_named_with_its_line(load, tmp_path, include, said):
    (tmp_path.parent / "secret").write_text("x A 192.0.2.1\n")
    os.symlink("../secret", tmp_path / "link")
    os.mkfifo(tmp_path / "fifo")
    done = load(APEX + f"$INCLUDE {include}\n", check=False)
    assert done.returncode == 1
    assert f"example.com.zone:4: $INCLUDE {include}: " in done.stderr and said in done.stderr


def compiled_by_bind(file, zone):
    """The records that named-compilezone reads, or None if it refuses the file; and its messages."""
    ignored = [word for flag in ("-k", "-n", "-m", "-M", "-S", "-r") for word in (flag, "ignore")]
    options = [*ignored, "-i", "none"]
    done = subprocess.run(
        ["named-compilezone", *options, "-s", "full", "-w", file.parent, "-o", "-", zone, file.name],
        capture_output=True, text=True, timeout=60)
    return (zones.parse(done.stdout, zone) if done.returncode == 0 else None), done.stderr


def test_default_ttls_and_directives_mean_what_they_mean_to_bind(axfrd, tmp_path):
    texts = [ZoneText(seed) for seed in range(150)]
    files = [text.write(tmp_path) for text in texts]
    loaded = axfrd.ctl("--json", "zone", "import-dir", tmp_path, check=False)
    for text, file in zip(texts, files):
        expected, said = compiled_by_bind(file, text.zone)
        if expected is None:
            assert f"{file}:" in loaded.stdout, f"BIND refuses {file}:\n{said}"
            continue
        ours = zones.parse(axfrd.ctl("zone", "export", text.zone).stdout, text.zone)
        assert zones.differences(expected, ours) == [], f"{file}\n{text.text}"


@pytest.fixture
def directory(tmp_path):
    """directory(name=text, …): a directory with these files."""

    def directory(**files):
        path = tmp_path / "zones"
        path.mkdir()
        for name, text in files.items():
            (path / name.replace("_", ".")).write_text(text)
        return path

    return directory


def test_import_dir_takes_the_names_of_bind_and_fails_when_a_file_fails(axfrd, directory):
    path = directory(bad_example_zone="bad\n", db_two_example=APEX, three_example_db=APEX, README="", notes_txt="")
    done = axfrd.ctl("zone", "import-dir", path, check=False)
    assert done.returncode == 1
    assert "2 zones added" in done.stdout and "1 failed" in done.stdout
    assert "2 passed over" in done.stdout and "README" in done.stdout and "notes.txt" in done.stdout
    assert "bad.example.zone:1: " in done.stderr
    assert {zone["zone"] for zone in axfrd.json("zone", "list")["zones"]} >= {"two.example.", "three.example."}
    (path / "bad.example.zone").unlink()
    assert axfrd.ctl("zone", "import-dir", path).returncode == 0


def test_two_files_for_one_zone_are_an_error_that_names_both(axfrd, directory):
    path = directory(db_two_example=APEX, two_example_zone=APEX, one_example_zone=APEX)
    done = axfrd.ctl("zone", "import-dir", path, check=False)
    assert done.returncode == 1 and "1 zones added" in done.stdout
    assert f"{path}/db.two.example: the zone two.example. is in {path}/two.example.zone, too" in done.stderr
    assert "two.example." not in axfrd.ctl("zone", "list").stdout


def test_a_directory_without_zone_files_is_an_error(axfrd, directory):
    path = directory(named_conf="")
    done = axfrd.ctl("zone", "import-dir", path, check=False)
    assert done.returncode == 1 and "there is no zone file" in done.stderr and "named.conf" in done.stderr


def test_what_is_no_plain_file_is_skipped_and_stops_nothing(new_lab, new_axfrd, directory, tmp_path):
    path = directory(one_example_zone=APEX)
    os.mkfifo(path / "fifo.example.zone")
    os.mkfifo(path / "fifo")
    (path / "directory.example.zone").mkdir()
    os.symlink("/dev/zero", path / "device.example.zone")
    os.symlink("nowhere", path / "dangling.example.zone")
    os.symlink("one.example.zone", path / "alias.example.zone")
    axfrd = new_axfrd(new_lab("client"), zones_dir=path)
    axfrd.logs("fifo.example.zone: it is a FIFO")
    done = axfrd.ctl("zone", "import-dir", path, check=False)
    assert done.returncode == 1 and "2 unchanged, 4 failed" in done.stdout
    for said in ["fifo.example.zone: it is a FIFO", "directory.example.zone: it is a directory",
                 "device.example.zone: it is a device", "dangling.example.zone: No such file"]:
        assert said in done.stderr
    later = tmp_path / "later.example.zone"
    later.write_text(APEX)
    axfrd.ctl("zone", "import", later)
    assert axfrd.stop() == 0


def test_an_edited_file_with_an_old_serial_is_told_by_name_at_start(new_lab, new_axfrd, directory):
    path = directory(one_example_zone=APEX, two_example_zone=APEX)
    axfrd = new_axfrd(new_lab("client"), zones_dir=path)
    assert "was edited" not in axfrd.log()
    assert axfrd.stop() == 0
    (path / "one.example.zone").write_text(APEX + "new A 192.0.2.1\n")
    axfrd.start()
    axfrd.logs(f"{path}/one.example.zone: the file was edited, but its serial 1 is not newer than 1")
    assert "two.example.zone" not in axfrd.log()


def test_a_file_and_a_directory_that_cannot_be_read_are_named(axfrd, tmp_path):
    # root may read every file, so the test uses files that do not exist or are too large.
    done = axfrd.ctl("zone", "import-dir", tmp_path / "none", check=False)
    assert done.returncode == 1 and f"{tmp_path}/none: No such file or directory" in done.stderr
    with open(tmp_path / "huge.example.zone", "wb") as file:
        file.truncate(2 << 30)
    done = axfrd.ctl("zone", "import-dir", tmp_path, check=False)
    assert done.returncode == 1
    assert "huge.example.zone: a zone file, with what it includes, may have 1 GiB at most" in done.stderr
    done = axfrd.ctl("zone", "import", tmp_path / "huge.example.zone", check=False)
    assert done.returncode == 1 and "1 GiB at most" in done.stderr


def test_axfrd_stops_while_it_imports_a_directory(axfrd, tmp_path):
    for number in range(40):
        (tmp_path / f"big{number}.example.zone").write_text(zones.make(f"big{number}.example", 20_000))
    with Control(axfrd.socket) as control:
        control.socket.sendall(
            b'{"jsonrpc":"2.0","id":1,"method":"zone.import-dir","params":{"directory":"%s"}}\n'
            % os.fsencode(tmp_path))
        wait_until(lambda: axfrd.json("status")["import"]["files"] == 40, "the import to begin")
        begun = time.monotonic()
        axfrd.process.send_signal(signal.SIGTERM)
        assert axfrd.process.wait(20) == 0
        assert time.monotonic() - begun < 15


def check_file(*arguments, directory=None):
    """Runs `axfrctl zone check` without an axfrd."""
    command = [BUILD / "axfrctl", "--socket", "/nowhere", "zone", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=directory)


def test_a_file_is_checked_without_axfrd(tmp_path):
    file = tmp_path / "example.com.zone"
    (tmp_path / "more").write_text("m MX 10 nothing\n$GENERATE 1-2 h$ A 192.0.2.$\n")
    file.write_text(APEX + "$INCLUDE more\nwww A 192.0.2.1\nx.elsewhere. A 192.0.2.1\n")
    found = check_file(file)
    assert found.returncode == 3, found
    assert f"fault: {tmp_path}/more:1: m.example.com. MX: nothing.example.com. has neither" in found.stdout
    assert f"warning: {file}:6: x.elsewhere. A: the name is not in the zone" in found.stdout
    assert ", serial 1, 6 records, 1 faults, 1 warnings" in found.stdout
    (tmp_path / "more").write_text("")
    assert check_file(file).returncode == 0, "a warning is none"
    assert check_file(file, "--strict").returncode == 3
    assert check_file("example.com.zone", directory=tmp_path).returncode == 0
    assert check_file(file, "--origin", "elsewhere").returncode == 0


def test_all_mistakes_of_a_file_are_told_at_once_as_json(tmp_path):
    file = tmp_path / "example.com.zone"
    file.write_text(APEX + "a A 192.0.2.256\nb A 192.0.2.1\nc DS 1 8 2 00\n\x1b[31m A x\n")
    found = check_file(file, "--json")
    assert found.returncode == 3
    (zone,) = json.loads(found.stdout)["zones"]
    assert zone["zone"] == "example.com." and zone["serial"] is None and zone["file"] == str(file)
    assert [line.removeprefix(f"{file}:").split(":")[0] for line in zone["refused"]] == ["4", "6", "7"]


@pytest.mark.parametrize("arguments, status, said", [
    (["{here}/missing.zone"], 1, "No such file"),
    (["{here}"], 1, "{here}"),
    (["-"], 2, "--origin NAME is missing"),
    (["{here}/a..b.zone"], 2, "--origin NAME says which zone it is"),
    (["example.com"], 2, "cannot connect"),
    (["example.com."], 2, "cannot connect"),
])
def test_what_is_no_file_is_said(tmp_path, arguments, status, said):
    (tmp_path / "a..b.zone").write_text(APEX)
    found = check_file(*(each.format(here=tmp_path) for each in arguments))
    assert found.returncode == status and said.format(here=tmp_path) in found.stderr, found


def test_a_file_is_checked_as_it_is_imported(axfrd, tmp_path):
    """The check refuses what the import refuses, with the same message."""
    wrong = ["a A x", "@ SOA ns h 2 3 4 5 6", "a CNAME b\na A 192.0.2.1", "a ALIAS b\na A 192.0.2.1"]
    for number, line in enumerate(wrong):
        file = tmp_path / f"zone{number}.example.zone"
        file.write_text(APEX + line + "\n")
        refused = axfrd.ctl("zone", "import", file, check=False)
        assert refused.returncode == 1
        assert refused.stderr.removeprefix("axfrctl: ").strip() in check_file(file).stdout
