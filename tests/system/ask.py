"""Queries from a host of the lab, by dnspython or by the tools that people use."""

import dns.message
import dns.query
import dns.rdatatype

from lab import PATIENCE


def udp(host, name, rdtype, address, **options):
    """One query, one answer; a truncated answer stays so."""
    return udp_message(host, dns.message.make_query(name, rdtype, flags=0, **options), address)


def udp_message(host, query, address, timeout=PATIENCE):
    with host.inside():
        return dns.query.udp(query, address, timeout=timeout, ignore_unexpected=True)


def tcp(host, name, rdtype, address, **options):
    with host.inside():
        return dns.query.tcp(dns.message.make_query(name, rdtype, flags=0, **options), address, timeout=PATIENCE)


def records(section):
    """A section of a message as a sorted list of text lines, `owner type rdata`."""
    return sorted(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}" for rrset in section for rdata in rrset)
