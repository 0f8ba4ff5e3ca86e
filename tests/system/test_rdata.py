"""axfrd accepts the records that possible secondaries accept: RDATA of every type that they know, with few random
mutations, in text and in octets."""

import os
import re
import subprocess

import pytest

from lab import BUILD
from rdata_cases import SEEDS, Mutator, in_octets, is_one_line, read_raw_zone, tokens_of

HEAD = "$TTL 60\n@ SOA ns.example.net. host.example.net. 1 2 3 4 5\n@ NS ns.example.net.\n"
HEAD_LINES = HEAD.count("\n")
SILENT = [word for option in "iknrMSm" for word in ("-" + option, "none" if option == "i" else "ignore")]
SIZE = int(os.environ.get("RDATA_MUTATIONS", 6000))  # of each of the two kinds
SEED = int(os.environ.get("RDATA_SEED", 20))

# Messages of named-checkzone about records that it accepts.
WARNINGS = ("signature has expired",)
# Records that BIND refuses and we accept.
TAKEN = (
    # RFC 1035 §3.3: a string of more than 255 octets can only mean several strings. It is split, with a warning.
    lambda record, message: any(len(token) > 255 for token in tokens_of(record)),
    # RFC 1035 §3.3.4: a server may refuse MD and MF in a zone file, but they are well-formed.
    lambda record, message: "obsolete" in message,
    # A number that begins with very many zeros is that number, and no transfer has the zeros. BIND reads no more than
    # twelve digits where a name may stand instead, as of an algorithm.
    lambda record, message: re.search(r"(^| )0{12,}\d* ", record),
    # RFC 3755 §3: SIG and NXT are no longer types of DNSSEC, so they are data like any other.
    lambda record, message: re.match("SIG |NXT |TYPE24 |TYPE30 ", record),
)
# Records that BIND and Knot take as text, and we refuse.
REFUSED = (
    # RFC 4034 appendix A.1.1: such a key begins with a name. BIND does not look at that in text, and refuses the key in
    # a transfer.
    lambda record, reason: "a key of algorithm 253 begins with a name" in reason,
)
# What random changes have found. Each was taken by us and not by BIND, or the other way round.
PATTERNS = ("[a-z[-]", "[a-z[:digit:][-]", "[a-z-]", "[a-z0-9-]", "[^a-z-]", "[a-zb-e-]", "[a-z[:digit:]-]",
            "[a-z[.x.]-]", "[a-z[=x=]-]", "[ab-c-]", "[A-[-]", "[a-zb-]", "[a-z0-]", "[a-[]", "[b-[]", "[a-z[]",
            "[[-a]", "[[:digit:]-]", "[-a-z]", "[a-zbcd-f]")  # fmt: skip
PATHS = ("/dns%query{?dns}", "/dns%20{?dns}", "/a%2{?dns}", "/a{{?dns}", "/a}{?dns}", "/{}{?dns}", "/{a:3}{?dns}",
         "/{a:0}{?dns}", "/{a:10000}{?dns}", "/{a:3*}{?dns}", "/{a*}{?dns}", "/{|a}{?dns}", "/{=a}{?dns}",
         "/{a.b}{?dns}", "/{a,}{?dns}", "/{a%41}{?dns}", "/{?a%4}{?dns}", "/{?dns,x}", "/{+dns}", "/{dns}", "/{?dns:3}",
         "/{?dnsx}", "/{?DNS}", "/{?dns", "/{?dns}%", "/{??a}{?dns}", "/{?}{?dns}", "/{?a-b}{?dns}")  # fmt: skip
SIGNED = "000108{}0000003c70dbd8805e0be1000001076578616d706c6503636f6d00" + "00" * 64
FOUND = (
    *(f'NAPTR 1 1 "U" "x" "/^{pattern}$/x/" .' for pattern in PATTERNS),
    *(f'SVCB 1 dns.example.net. alpn=h2 dohpath="{path}"' for path in PATHS),
    *(f"RRSIG A 8 {labels} 60 20300101000000 20200101000000 1 example.com. AAECAwQFBgc=" for labels in range(4)),
    *(f"TYPE46 \\# 95 {SIGNED.format(f'{labels:02x}')}" for labels in range(4)),
    "DNSKEY 256 3 253 AW9AAAAA",
    "MF host.example.com.",
)

# Type numbers of MD and MF, which named-compilezone refuses in whatever form.
OBSOLETE = ("3", "4")


def lines_of(records):
    return "".join(f"r{i} {record}\n" for i, record in enumerate(records))


def ours(records):
    program = [BUILD / "tests" / "system" / "rdata_lines"]
    output = subprocess.run(program, input=lines_of(records), text=True, check=True, capture_output=True).stdout
    verdicts = output.split("\n")[:-1]
    assert len(verdicts) == len(records)
    return verdicts


def refusals(records, file, program, pattern):
    """Index of a record that a program refuses → the program's message. Some errors end its reading. To detect that,
    a record that no program accepts is added at the end. While its message is missing, the program is run again with
    the records behind the last error."""
    found, first = {}, 0
    while first <= len(records):
        file.write_text(HEAD + lines_of([*records[first:], "A here"]))
        run = subprocess.run(program, text=True, capture_output=True, errors="replace", check=False)
        messages = re.findall(pattern, run.stdout + run.stderr)
        assert messages, run.stdout + run.stderr
        there = {first + int(line) - HEAD_LINES - 1: message for line, message in messages}
        found |= there
        first = max(there) + 1
    del found[len(records)]
    return {at: message for at, message in found.items() if message not in WARNINGS}


def bind(records, directory):
    file = directory / "bind.zone"
    program = ["named-checkzone", *SILENT, "example.com", file]
    return refusals(records, file, program, r"bind\.zone:(\d+): (.*)")


def bind_octets(records, directory):
    """Type and RDATA that BIND makes of records that it accepts."""
    file, raw = directory / "taken.zone", directory / "taken.raw"
    file.write_text(HEAD + lines_of(records))
    program = ["named-compilezone", *SILENT, "-F", "raw", "-o", raw, "example.com", file]
    run = subprocess.run(program, text=True, capture_output=True, errors="replace", check=False)
    assert run.returncode == 0, run.stdout
    return read_raw_zone(raw.read_bytes())


def knot_takes(record, directory):
    """Whether Knot accepts the record. Each record has its own process, because some crash Knot."""
    file, configuration = directory / "knot.zone", directory / "knot.conf"
    file.write_text(HEAD + lines_of([record]))
    configuration.write_text(
        f"server:\n  rundir: {directory}\ndatabase:\n  storage: {directory}\n"
        f"zone:\n  - domain: example.com\n    file: {file}\n    storage: {directory}\n"
    )
    program = ["knotc", "-c", configuration, "zone-check"]
    return subprocess.run(program, capture_output=True, check=False, timeout=60).returncode == 0


def compare(records, directory):
    """A line for each record that is treated wrongly."""
    directory.mkdir(exist_ok=True)
    mine, theirs = ours(records), bind(records, directory)
    wrong, taken = [], []
    for i, record in enumerate(records):
        verdict = mine[i]
        if verdict.startswith("!"):
            wrong.append(f"{record}: printed as {verdict[2:]}, which is not read back")
        elif verdict.startswith("+") and i in theirs:
            if not any(excepted(record, theirs[i]) for excepted in TAKEN):
                wrong.append(f"{record}: taken, BIND says: {theirs[i]}")
        elif verdict.startswith("-") and i not in theirs and knot_takes(record, directory):
            if not any(excepted(record, verdict) for excepted in REFUSED):
                wrong.append(f"{record}: refused ({verdict[2:]}), BIND and Knot take it")
        elif verdict.startswith("+") and verdict.split()[1] not in OBSOLETE:
            taken.append((record, verdict))
    made = bind_octets([record for record, _ in taken], directory)
    for i, (record, verdict) in enumerate(taken):
        rdtype, data = made[f"r{i}"]
        if verdict != f"+ {rdtype} {data.hex()}":
            wrong.append(f"{record}: {verdict}, BIND makes it {rdtype} {data.hex()}")
    return wrong


def seeds():
    return [f"{rdtype} {data}".rstrip() for rdtype, all_data in SEEDS.items() for data in all_data]


def octets_of_seeds():
    """Type number and RDATA of the seeds, as our code reads them."""
    found = []
    for record, verdict in zip(seeds(), ours(seeds())):
        assert verdict.startswith("+"), f"{record}: {verdict}"
        number, _, octets = verdict[2:].partition(" ")
        found.append((int(number), bytes.fromhex(octets)))
    return found


def texts(seed, count):
    mutator, found = Mutator(seed), []
    while len(found) < count:
        rdtype = mutator.pick.choice(list(SEEDS))
        record = f"{rdtype} {mutator.text(mutator.pick.choice(SEEDS[rdtype]))}".rstrip()
        if is_one_line(record):
            found.append(record)
    return found


def octets(seed, count):
    mutator, all_seeds, found = Mutator(seed), octets_of_seeds(), []
    while len(found) < count:
        number, data = mutator.pick.choice(all_seeds)
        found.append(in_octets(number, mutator.octets(data)))
    return found


def report(wrong):
    return f"{len(wrong)} records:\n" + "\n".join(wrong[:100])


def test_records_of_every_type_are_read_as_bind_reads_them(tmp_path):
    records = [*seeds(), *(in_octets(*seed) for seed in octets_of_seeds()), *FOUND]
    assert not (wrong := compare(records, tmp_path)), report(wrong)


@pytest.mark.parametrize("make", (texts, octets))
def test_changed_records_are_taken_by_us_when_they_are_by_others(make, tmp_path):
    batch, wrong = 1000, []
    for first in range(0, SIZE, batch):
        wrong += compare(make(SEED + first, min(batch, SIZE - first)), tmp_path)
    assert not wrong, report(wrong)
