"""Signs zones with dnssec-signzone, as operators do. Each test makes its own keys."""

import re
import subprocess

# name → options of dnssec-signzone
CHAINS = {
    "nsec": [],
    "nsec3": ["-3", "-", "-H", "0"],
    "optout": ["-3", "aabbccdd", "-H", "3", "-A"],
}


def sign(directory, zone, text, options):
    """Signs `text` as `zone`. Returns the file of the signed zone, and the data of its key-signing key from DNSKEY."""
    keys = []
    for flags in (["-f", "KSK"], []):
        command = ["dnssec-keygen", "-q", "-K", directory, "-a", "ECDSAP256SHA256", *flags, zone]
        keys.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    unsigned, signed = directory / f"{zone}.unsigned", directory / f"{zone}.zone"
    include = "".join((directory / f"{key}.key").read_text() for key in keys)
    unsigned.write_text(f"$ORIGIN {zone}.\n{text}{include}")
    command = ["dnssec-signzone", "-q", "-P", "-K", directory, "-d", directory, "-O", "full", "-o", zone, "-f", signed]
    subprocess.run([*map(str, command), *options, str(unsigned)], check=True, capture_output=True, text=True)
    record = re.search(r"DNSKEY\s+257 3 13 (.+)", (directory / f"{keys[0]}.key").read_text())[1]
    return signed, record
