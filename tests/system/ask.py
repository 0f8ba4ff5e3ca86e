"""Sends queries from a host of the lab, by dnspython or by common tools."""

import dns.message
import dns.query
import dns.rdatatype

from lab import IPV4, PATIENCE


def udp(host, name, rdtype, address, **options):
    """Sends one query over UDP, and returns the answer, even if it is truncated."""
    return udp_message(host, dns.message.make_query(name, rdtype, flags=0, **options), address)


def udp_message(host, query, address, timeout=PATIENCE):
    with host.inside():
        return dns.query.udp(query, address, timeout=timeout, ignore_unexpected=True)


def tcp(host, name, rdtype, address, **options):
    with host.inside():
        return dns.query.tcp(dns.message.make_query(name, rdtype, flags=0, **options), address, timeout=PATIENCE)


def records(section):
    """The records of a section of a message, as a sorted list of lines `owner type rdata`."""
    return sorted(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}" for rrset in section for rdata in rrset)


def served(axfrd, name, rdtype="A"):
    """The records with which axfrd answers its client over UDP."""
    return records(udp(axfrd.lab.client, name, rdtype, IPV4).answer)
