"""RDATA of every type that BIND and Knot know, and random mutations of it: in text, and in octets (RFC 3597)."""

import base64
import random
import struct

DIGEST = {1: "ab" * 20, 2: "cd" * 32, 4: "ef" * 48}
KEY = base64.b64encode(b"\3\1\0\1" + bytes(range(1, 129))).decode()
SIGNATURE = base64.b64encode(bytes(range(64))).decode()
HASH = "2t7b4g4vsa5smi47k61mv5bv1a22bojr"

# Type → valid data.
SEEDS = {
    "A": ["192.0.2.1"],
    "NS": ["ns.example.net.", "ns"],
    "MD": ["a.example.net."],
    "MF": ["a.example.net."],
    "CNAME": ["a.example.net."],
    "MB": ["a.example.net."],
    "MG": ["a.example.net."],
    "MR": ["a.example.net."],
    "NULL": [r"\# 0", r"\# 3 616263"],
    "WKS": ["192.0.2.1 tcp 25 53", r"\# 8 c0000201 06 000040"],
    "PTR": ["a.example.net.", r"\000\.b.example.net."],
    "HINFO": ['"PC" "Linux 6"', "PC Linux"],
    "MINFO": ["a.example.net. b.example.net."],
    "MX": ["10 mail.example.net.", "0 ."],
    "TXT": ['"a" "b c"', "a b", '""', r'"a\"b\\c\000\255"', '"v=spf1 -all; x"', '"' + "x" * 255 + '"'],
    "RP": ["a.example.net. b.example.net."],
    "AFSDB": ["1 a.example.net."],
    "X25": ["311061700956", '"311061700956"'],
    "ISDN": ['"150862028003217" "004"', "150862028003217"],
    "RT": ["2 a.example.net."],
    "NSAP": ["0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00"],
    "NSAP-PTR": ["a.example.net."],
    "SIG": [f"A 8 2 60 20300101000000 20200101000000 1 example.com. {SIGNATURE}"],
    "KEY": [f"512 3 8 {KEY}", "0 3 253 AWEAAAAA", r"\# 4 c0000308"],
    "PX": ["10 a.example.net. b.example.net."],
    "GPOS": ["-32.6882 116.8652 10.0", '"1" "2" "3"'],
    "AAAA": ["2001:db8::1", "::ffff:192.0.2.1"],
    "LOC": ["52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "1 2 3 N 4 5 6 E 7m 8m", "90 S 180 W -100000"],
    "EID": ["00ff0123"],
    "NIMLOC": ["00ff0123"],
    "SRV": ["1 2 3 a.example.net.", "0 0 0 ."],
    "ATMA": ["+123456", "39246f00000000000000000000000000000000"],
    "NAPTR": [
        '20 20 "U" "SIP+D2U" "!^(.*)$!sip:\\\\1@example.com!" .',
        '100 10 "" "" "!^urn:cid:.+@([^\\\\.]+\\\\.)(.*)$!\\\\2!i" .',
        '1 1 "S" "x" "" _x._tcp.example.net.',
        '1 1 "U" "x" "/^[a-z[:digit:]_-]{1,3}(a|b)+$/http:\\\\/\\\\/x/" .',
    ],
    "KX": ["10 a.example.net."],
    "CERT": [f"PKIX 1 RSASHA256 {KEY}", f"6 0 0 {KEY}", "0 1 2 AAAA"],
    "A6": ["0 2001:db8::1", "64 ::1 a.example.net.", "128 a.example.net.", "57 ::1:2:3:4:5 a.example.net."],
    "DNAME": ["a.example.net."],
    "SINK": ["1 2 3 AAAA", "1 2 3"],
    "APL": ["1:192.0.2.0/24 !1:192.0.2.64/28", "2:2001:db8::/32", ""],
    "DS": [f"56254 8 {kind} {digest}" for kind, digest in DIGEST.items()] + ["1 8 3 " + "00" * 32, "1 8 9 00"],
    "SSHFP": ["1 1 " + "ab" * 20, "4 2 " + "cd" * 32, "6 9 00"],
    "IPSECKEY": ["10 0 2 . AAAA", "10 1 2 192.0.2.1 AAAA", "10 2 2 2001:db8::1 AAAA", "10 3 2 a.example.net. AAAA",
                 "10 1 0 192.0.2.1 AAAA"],
    "RRSIG": [f"A 8 2 60 20300101000000 20200101000000 1 example.com. {SIGNATURE}",
              f"TYPE65280 13 3 0 1577836800 1577836700 65535 example.com. {SIGNATURE}"],
    "NSEC": ["b.example.com. A MX RRSIG NSEC TYPE1234", "b.example.com. NS"],
    "DNSKEY": [f"257 3 8 {KEY}", f"256 3 ECDSAP256SHA256 {KEY}", "256 3 253 AWEAAAAA", "256 3 254 BAECAwQA"],
    "DHCID": ["AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="],
    "NSEC3": [f"1 1 12 aabbccdd {HASH} MX RRSIG", f"1 0 0 - {HASH}"],
    "NSEC3PARAM": ["1 0 12 aabbccdd", "1 0 0 -"],
    "TLSA": ["3 1 1 " + "ab" * 32, "0 0 0 00"],
    "SMIMEA": ["3 1 1 " + "ab" * 32],
    "HIP": [f"2 200100107B1A74DF365639CC39F1D578 {KEY} rvs.example.net.", f"2 2001 {KEY}", f"2 2001 {KEY} a. b."],
    "NINFO": ['"a" "b"'],
    "RKEY": ["0 1 5 AAAA"],
    "TALINK": ["a.example.net. b.example.net."],
    "CDS": [f"1 8 2 {DIGEST[2]}", "0 0 0 00"],
    "CDNSKEY": [f"257 3 8 {KEY}", "0 3 0 AA=="],
    "OPENPGPKEY": [KEY],
    "CSYNC": ["66 3 A NS AAAA", "0 0"],
    "ZONEMD": ["1 1 1 " + "ab" * 48, "1 1 2 " + "cd" * 64, "1 240 240 " + "ef" * 12],
    "SVCB": ["1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2", "0 a.example.net.",
             "16 a.example.net. mandatory=alpn,ipv4hint alpn=h2 no-default-alpn ipv4hint=192.0.2.1",
             "1 . key667=hello", '1 . key667="a b" ech=AAAA ipv6hint=2001:db8::1,2001:db8::2',
             "1 dns.example.net. alpn=h2 dohpath=/dns-query{?dns}", "1 . key65000", "1 . port=53 alpn=dot"],
    "HTTPS": ["1 . alpn=h2", "0 a.example.net.", '1 . alpn="h2,h3" port=8443', "1 ."],
    "DSYNC": ["CDS NOTIFY 5359 cds.example.net.", "TYPE66 7 0 ."],
    "HHIT": ["AAAA"],
    "BRID": ["AAAA"],
    "SPF": ['"v=spf1 -all"'],
    "UINFO": [r"\# 2 0000"],
    "UID": [r"\# 2 0000"],
    "GID": [r"\# 2 0000"],
    "UNSPEC": [r"\# 2 0000"],
    "NID": ["10 14:4fff:ff20:ee64", "10 0014:4fff:ff20:ee64"],
    "L32": ["10 10.1.2.0"],
    "L64": ["10 2001:0db8:1140:1000"],
    "LP": ["10 a.example.net."],
    "EUI48": ["00-00-5e-00-53-2a"],
    "EUI64": ["00-00-5e-ef-10-00-00-2a"],
    "URI": ['10 1 "ftp://ftp.example.net/public"'],
    "CAA": ['0 issue "ca.example.net; account=1"', '128 iodef "mailto:a@example.net"', '0 issue ";"', '0 issue ""'],
    "AVC": ['"app-name:x|business=no"'],
    "DOA": ['1 2 3 "text/plain" AAAA', '1 2 3 "" -'],
    "AMTRELAY": ["10 0 1 203.0.113.15", "10 1 2 2001:db8::15", "10 0 3 amt.example.net.", "0 0 0 ."],
    "RESINFO": ["qnamemin exterr=15-17 infourl=https://resolver.example.net"],
    "WALLET": ["BTC abc"],
    "TA": ["1 8 2 " + DIGEST[2]],
    "DLV": [f"1 8 2 {DIGEST[2]}"],
    "TYPE65280": [r"\# 3 010203", r"\# 0"],
}  # fmt: skip

# Numbers, words and punctuation that are valid in some data. They are inserted also where they are not valid.
WORDS = (
    "0 1 2 3 4 5 8 9 10 253 254 255 256 65535 65536 4294967295 4294967296 -1 +1 0x10 007 1.5 - . .. @ a a. ab "
    "AAAA AAA= "
    "AA== A=== 00 0 000 abcd 0xab g * ! = == a=b key0=x key1=h2 key3=53 key65535 key65536 key07=x mandatory=alpn "
    "mandatory=mandatory mandatory no-default-alpn no-default-alpn=x alpn alpn= port=0 port=65536 port ipv4hint=1.2.3 "
    "ipv4hint= ipv6hint=::1 ech= ech=A dohpath=x dohpath=/{?dns} dohpath=/x N S E W 90 181 1m -1m 1:0.0.0.0/0 "
    '1:1.2.3.4/33 3:a/1 2:::/0 !1:1.0.0.0/8 A NS RRSIG TYPE1 TYPE0 TYPE65536 NSEC3 FOO NOTIFY tcp udp PKIX '
    'RSASHA256 "" '
    '"a" "a b" "!a!b!" "!(a)!\\\\1!" "!(a)!\\\\2!" "!a" "i" "!a*+!b!" "![a!b!" "!(a!b!" "!a{2,1}!b!" "!a!b!x" '
    '20300101000000 '
    "2030010100000 20301301000000 192.0.2.1 192.0.2.256 192.0.2 2001:db8::1 :: ::1:: 1:2:3:4 1:2:3:4:5 "
    "00-00-5e-00-53-2a "
    "00-00-5e-00-53 \\# \\000 \\300 a\\.b ca.example.net. 1h 1w"
).split(" ")
CHARACTERS = "0123456789abcfgxzAFZ.-:/+=_!*?^$|[]{},@~\\&'%"


def tokens_of(text):
    """The tokens of a record. A quoted string is one token."""
    tokens, token, quoted, escaped = [], "", False, False
    for c in text:
        if c == " " and not quoted and not escaped:
            tokens.append(token)
            token = ""
            continue
        quoted ^= c == '"' and not escaped
        escaped = c == "\\" and not escaped
        token += c
    return [t for t in [*tokens, token] if t]


def is_one_line(text):
    """Whether quotation marks are balanced, and the record ends where its line ends."""
    quoted, escaped = False, False
    for c in text:
        if escaped:
            escaped = False
        elif c == "\\":
            escaped = True
        elif c == '"':
            quoted = not quoted
        elif c in "();" and not quoted:
            return False
    return not quoted and not escaped and "\n" not in text


class Mutator:
    def __init__(self, seed):
        self.pick = random.Random(seed)

    def text(self, data):
        tokens = tokens_of(data)
        for _ in range(self.pick.choice((1, 1, 1, 2, 3))):
            self.change_text(tokens)
        return " ".join(tokens)

    def change_text(self, tokens):
        at = self.pick.randrange(len(tokens) + 1)
        kind = self.pick.randrange(8)
        if kind == 0 or at == len(tokens):
            tokens.insert(at, self.pick.choice(WORDS))
        elif kind == 1:
            del tokens[at]
        elif kind == 2:
            tokens[at] = self.pick.choice(WORDS)
        elif kind == 3:
            tokens.insert(self.pick.randrange(len(tokens) + 1), self.pick.choice(tokens))
        elif kind == 4 and tokens[at]:
            other = self.pick.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens[at] = self.change_characters(tokens[at])

    def change_characters(self, token):
        low, high = (1, len(token) - 1) if token.startswith('"') and len(token) > 2 else (0, len(token))
        at = self.pick.randrange(low, max(high, low + 1))
        kind = self.pick.randrange(4)
        if kind == 0:
            return token[:at] + token[at + 1 :]
        if kind == 1:
            return token[:at] + self.pick.choice(CHARACTERS) + token[at + 1 :]
        if kind == 2:
            return token[:at] + self.pick.choice(CHARACTERS) + token[at:]
        return token[:at] + token[at : at + 4] * 2 + token[at + 4 :]

    def octets(self, data):
        data = bytearray(data)
        for _ in range(self.pick.choice((1, 1, 1, 2, 3))):
            self.change_octets(data)
        return bytes(data[:65000])

    def change_octets(self, data):
        at = self.pick.randrange(len(data) + 1)
        kind = self.pick.randrange(8)
        interesting = self.pick.choice((0, 1, 2, 3, 4, 16, 32, 33, 63, 64, 127, 128, 192, 253, 254, 255))
        if kind == 0 or at == len(data):
            data[at:at] = bytes([interesting] * self.pick.choice((1, 1, 2, 4)))
        elif kind == 1:
            del data[at : at + self.pick.choice((1, 1, 2, 4, 16))]
        elif kind == 2:
            data[at] = interesting
        elif kind == 3:
            data[at] = (data[at] + self.pick.choice((-1, 1))) % 256
        elif kind == 4:
            data[at] ^= 1 << self.pick.randrange(8)
        elif kind == 5:
            del data[at:]
        elif kind == 6:
            data[at] = self.pick.randrange(256)
        else:
            part = data[at : at + self.pick.choice((1, 2, 4, 8))]
            data[at:at] = part


def in_octets(number, data):
    return rf"TYPE{number} \# {len(data)} {data.hex()}".rstrip()


def read_raw_zone(raw):
    """First label of an owner → type and RDATA, from a zone that BIND wrote in its format "raw"."""
    found, at = {}, 24
    while at < len(raw):
        _, _, rdtype, _, _, count = struct.unpack_from("!IHHHII", raw, at)
        size = struct.unpack_from("!H", raw, at + 18)[0]
        owner = raw[at + 20 : at + 20 + size]
        at += 20 + size
        for _ in range(count):
            size = struct.unpack_from("!H", raw, at)[0]
            found[owner[1 : 1 + owner[0]].decode()] = (rdtype, raw[at + 2 : at + 2 + size])
            at += 2 + size
    return found
