"""The command line, the CPUs and the progress messages of every bench."""

import argparse
import os
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "RESULTS.md"


# ---- words ----


def say(text):
    print(text, file=sys.stderr, flush=True)


def spaced(number):
    return f"{number:,}".replace(",", " ")


def plural(number, what):
    return f"{spaced(number)} {what}" + ("" if number == 1 else "s")


# ---- the command line ----


def count(text):
    """A number, at least one. Spaces or underscores may group its digits."""
    number = int(text.replace(" ", "").replace("_", ""))
    if number < 1:
        raise ValueError
    return number


def listed(choices):
    def parse(text):
        items = text.split(",")
        for item in items:
            if item not in choices:
                raise argparse.ArgumentTypeError(f"'{item}' is none of {', '.join(choices)}")
        return [choice for choice in choices if choice in items]

    return parse


def parser_of(section, text, quick):
    """A parser with the options that every section has. `quick`: the help of --quick, which says what it reduces."""
    parser = argparse.ArgumentParser(
        prog=f"scripts/bench {section}", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help=quick)
    size.add_argument("--full", action="store_true", help="as without --quick")
    parser.add_argument("--record", action="store_true", help="also put the block into bench/RESULTS.md, with plots")
    parser.add_argument("--output", type=pathlib.Path, metavar="FILE", help="record there, not in bench/RESULTS.md")
    parser.set_defaults(section=section)
    return parser


def parse(parser, quick_rounds=None, full_rounds=5):
    """`quick_rounds`: rounds with --quick, or None for a section without rounds."""
    if quick_rounds:
        parser.add_argument("--rounds", type=count, help=f"rounds, if neither {full_rounds} nor {quick_rounds}")
    options = parser.parse_args()
    if quick_rounds:
        options.rounds = options.rounds or (quick_rounds if options.quick else full_rounds)
    options.record = options.record or options.output is not None
    options.output = (options.output or RESULTS).resolve()
    if not options.output.parent.is_dir():
        parser.error(f"there is no directory {options.output.parent}")
    return options


def command():
    """The arguments of this command, without those that only say where its figures go."""
    words, rest = [], iter(sys.argv[1:])
    for word in rest:
        if word == "--output":
            next(rest)
        elif word != "--record" and not word.startswith("--output="):
            words.append(word)
    return words


# ---- the process ----


def end(signal_number, _):
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)


def end_on_signals():
    """Ends by an exception, so that servers are stopped and directories removed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def take_cpus():
    """Takes the first CPU for the bench, and returns the others for the servers. A single CPU is shared by all."""
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    return set(others or [first])


def cpu_list(cpus):
    return ",".join(map(str, sorted(cpus)))


def wait_until(condition, patience):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it takes too long")
        time.sleep(0.005)
