"""The programs are hardened. The tests look into the programs, not at the options of the build."""

import re
import subprocess

import pytest

from lab import BUILD

PROGRAMS = ("axfrd", "axfrctl")


def readelf(*arguments):
    command = ["readelf", "--wide", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=PROGRAMS)
def program(request):
    return BUILD / request.param


def test_it_is_loaded_anywhere_and_its_tables_are_read_only(program):
    dynamic = readelf("--dynamic", program)
    assert re.search(r"Type:\s+DYN", readelf("--file-header", program))
    assert re.search(r"FLAGS_1\).*\bPIE\b", dynamic)
    assert re.search(r"FLAGS_1\).*\bNOW\b", dynamic), "BIND_NOW"
    assert "TEXTREL" not in dynamic
    segments = readelf("--program-headers", program)
    assert "GNU_RELRO" in segments
    flags = re.findall(r"^\s+(\w+)(?:\s+0x[0-9a-f]+){5}\s+(R?\s?W?\s?E?)\s+0x", segments, re.MULTILINE)
    assert dict(flags)["GNU_STACK"].split() == ["RW"]
    assert not any("W" in flag and "E" in flag for _, flag in flags), "writable and executable"


# Functions of the C library that check sizes before they write are called in place of those that do not.
def test_functions_of_the_c_library_check_the_size_of_buffers():
    symbols = set(re.findall(r"UND (\w+)", readelf("--dyn-syms", BUILD / "axfrd")))
    assert "__stack_chk_fail" in symbols
    assert any(re.fullmatch(r"__\w+_chk", symbol) for symbol in symbols)


# The code of the answering path is excepted; meson.build says why.
def test_our_sources_are_compiled_with_guards(program):
    text = readelf("--debug-dump=info", "--dwarf-depth=1", program)
    units = re.findall(r"DW_AT_producer.*?: (GNU C\+\+.*)\n(?:.*\n)*?.*DW_AT_name.*?: (.*)", text)
    guarded = [options for options, name in units if not re.search("answers|packets", name)]
    assert len(guarded) >= len(units) - 2
    for options in guarded:
        for option in ("-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection"):
            assert option in options


# The linker drops the note from a program if one object lacks it, as Debian's crt1.o does. So this looks at objects.
def test_objects_say_that_indirect_jumps_are_marked():
    objects = [each for room in ("zones", "dataplane", "control") for each in BUILD.glob(f"{room}/lib{room}.a.p/*.o")]
    assert objects
    for each in objects:
        assert "x86 feature: IBT, SHSTK" in readelf("--notes", each), each
