"""The hub's machine is not what it should be, or the command makes no sense."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support_crash.bad.case import EGIDE, Run, case, deliver
from support_crash.bad.place import DEATHS, PERSONS, Place

GROUP = "Machine and command"
PATIENCE = 60.0  # seconds


@case(GROUP, "a store whose disk is full", 4, "store", "full", keeps=True)
def full_store(p: Place) -> Run:
    """What was stored before the disk was full is on that disk alone, which goes with the command."""
    run = deliver(p)
    return Run(
        run.arguments,
        around='mkdir -p "$HUB/store"; mount -t tmpfs -o size=300k none "$HUB/store"; exec "$@"',
    )


@case(GROUP, "a home whose disk is full", 4, "full", keeps=True)
def full_home(p: Place) -> Run:
    run = deliver(p)
    fill = 'mount -t tmpfs -o size=900k none "$HUB"; cp -a "$HUB.aside/." "$HUB"; exec "$@"'
    return Run(run.arguments, around=f'cp -a "$HUB" "$HUB.aside"; {fill}')


@case(GROUP, "a store that is read-only", 4, "store", "read-only")
def read_only_store(p: Place) -> Run:
    (p.home / "store").mkdir(exist_ok=True)
    run = deliver(p)
    return Run(
        run.arguments,
        around='mount --bind "$HUB/store" "$HUB/store"; mount -o remount,bind,ro "$HUB/store"; exec "$@"',
    )


@case(GROUP, "a home that is read-only", 4, "Read-only")
def read_only_home(p: Place) -> Run:
    run = deliver(p)
    return Run(run.arguments, around='mount --bind "$HUB" "$HUB"; mount -o remount,bind,ro "$HUB"; exec "$@"')


@case(GROUP, "a wrong passphrase", 4, "passphrase")
def wrong_passphrase(p: Place) -> Run:
    (p.home / "passphrase").write_text("not it\n", "ascii")
    return deliver(p)


@case(GROUP, "an empty passphrase", 4, "passphrase")
def empty_passphrase(p: Place) -> Run:
    (p.home / "passphrase").write_bytes(b"")
    return deliver(p)


@case(GROUP, "no passphrase, and nobody to ask", 4, "EGIDE_PASSPHRASE_FILE")
def missing_passphrase(p: Place) -> Run:
    (p.home / "passphrase").unlink()
    return deliver(p)


@case(GROUP, "EGIDE_PASSPHRASE_FILE names a file that is not there", 4, "EGIDE_PASSPHRASE_FILE")
def named_passphrase_missing(p: Place) -> Run:
    run = deliver(p)
    return Run(run.arguments, env={"EGIDE_PASSPHRASE_FILE": str(p.root / "nothing")})


@case(GROUP, "EGIDE_PASSPHRASE_FILE names a folder", 4, "passphrase")
def passphrase_is_a_folder(p: Place) -> Run:
    run = deliver(p)
    return Run(run.arguments, env={"EGIDE_PASSPHRASE_FILE": str(p.root)})


@case(GROUP, "a keyring that others may read", 4, "keyring.json")
def open_keyring(p: Place) -> Run:
    (p.home / "keyring.json").chmod(0o644)
    return deliver(p)


@case(GROUP, "a keyring cut in half", 5, "keyring.json")
def damaged_keyring(p: Place) -> Run:
    data = (p.home / "keyring.json").read_bytes()
    (p.home / "keyring.json").write_bytes(data[: len(data) // 2])
    return deliver(p)


@case(GROUP, "records that are no database", 5, "records", keeps=True)
def damaged_records(p: Place) -> Run:
    for companion in ("-wal", "-shm"):
        (p.home / f"records.sqlite3{companion}").unlink(missing_ok=True)
    (p.home / "records.sqlite3").write_bytes(b"no database" * 1000)
    return deliver(p)


@case(GROUP, "a home that is no hub", 2, "no hub", "egide init")
def no_hub(p: Place) -> Run:
    p.sign()
    (p.root / "empty").mkdir()
    return Run(["deliver", str(p.folder), "--holder", "cnam", "--home", str(p.root / "empty")])


@case(GROUP, "a home that is a file", 2, "no hub")
def home_is_a_file(p: Place) -> Run:
    p.sign()
    return Run(["deliver", str(p.folder), "--holder", "cnam", "--home", str(p.manifest_path)])


@case(GROUP, "`init` where there is a hub", 2, "already holds a hub")
def init_twice(p: Place) -> Run:
    return Run(["init"])


@case(GROUP, "a home whose `init` was interrupted: keys and no records", 2, "part of a hub", keeps=True)
def half_made(p: Place) -> Run:
    (p.home / "records.sqlite3").unlink()
    return deliver(p)


@case(GROUP, "`init` again where it was interrupted", 2, "part of a hub", keeps=True)
def half_made_again(p: Place) -> Run:
    (p.home / "records.sqlite3").unlink()
    return Run(["init"])


@case(GROUP, "`init` with 3 person buckets", 2, "power of two")
def odd_buckets(p: Place) -> Run:
    return Run(["init", "--buckets", "3", "--home", str(p.root / "new")])


@case(GROUP, "`init` below a file", 4, "folder")
def init_below_a_file(p: Place) -> Run:
    return Run(["init", "--home", str(p.manifest_path / "hub")])


@case(GROUP, "`deliver` of a folder that is not there", 2, "does not exist")
def no_folder(p: Place) -> Run:
    return Run(["deliver", str(p.root / "nothing"), "--holder", "cnam"])


@case(GROUP, "`deliver` of a file", 2, "is a file")
def file_as_folder(p: Place) -> Run:
    return Run(["deliver", str(p.manifest_path), "--holder", "cnam"])


@case(GROUP, "`deliver` without a holder", 2, "--holder")
def no_holder(p: Place) -> Run:
    return Run(["deliver", str(p.folder)])


@case(GROUP, "`--class` with a class that does not exist", 2, "--class")
def no_such_class(p: Place) -> Run:
    return deliver(p, "--class", "C9")


@case(GROUP, "`synth snds` with years that run backwards", 2, "years")
def years_backwards(p: Place) -> Run:
    return Run(
        ["synth", "snds", str(p.root / "out"), "--people", "60", "--years", "2020-2019", "--seed", "1"]
    )


@case(GROUP, "`synth snds` with years in letters", 2, "years")
def years_in_letters(p: Place) -> Run:
    return Run(["synth", "snds", str(p.root / "out"), "--people", "60", "--years", "always", "--seed", "1"])


@case(GROUP, "`synth snds` with one person", 2, "50")
def too_few_people(p: Place) -> Run:
    return Run(["synth", "snds", str(p.root / "out"), "--people", "1", "--years", "2019-2019", "--seed", "1"])


@case(GROUP, "`synth snds` into a folder that holds something", 2, "not empty")
def out_not_empty(p: Place) -> Run:
    return Run(["synth", "snds", str(p.folder), "--people", "60", "--years", "2019-2019", "--seed", "1"])


@case(GROUP, "a command that does not exist", 2, "delivr")
def no_such_command(p: Place) -> Run:
    return Run(["delivr", str(p.folder)])


@case(
    GROUP, "two deliveries at once: the second, while the first is held up", 1, "already writing", keeps=True
)
def two_at_once(p: Place) -> Run:
    return Run(deliver(p).arguments, beside=another_delivery)


@case(GROUP, "a file that changes between its verification and its use", 3, f"{PERSONS}.csv", "changed")
def changed_while_read(p: Place) -> Run:
    """The last file's opening is slowed down, and the first one is changed meanwhile: it was verified before."""
    p.manifest["file"].sort(key=lambda f: f["table"] != PERSONS)
    p.manifest["file"].sort(key=lambda f: f["table"] == DEATHS)
    run, last = deliver(p), p.path(DEATHS)
    slow = f'exec strace -f -qq -o /dev/null -P "{last}" -e trace=openat -e inject=openat:delay_exit=2000000 "$@"'
    return Run(run.arguments, around=slow, beside=lambda place, env: changing(place.path(PERSONS), last))


@contextmanager
def another_delivery(p: Place, env: dict[str, str]) -> Iterator[None]:
    """A real one, stopped once it has its scratch folder, and ended well afterwards."""
    command = [EGIDE, *deliver(p).arguments, "--home", str(p.home)]
    other = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _await(lambda: any((p.home / "temp").glob("process-*")))
    other.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        other.send_signal(signal.SIGCONT)
        assert other.wait(PATIENCE) == 0


@contextmanager
def changing(file: Path, when_open: Path) -> Iterator[None]:
    """Changes one byte of a file as soon as some process has another one open."""
    watcher = os.fork()
    if watcher == 0:
        try:
            _await(lambda: _is_open(when_open))
            with file.open("r+b") as target:
                target.seek(-2, os.SEEK_END)
                target.write(b"7")
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.waitpid(watcher, 0)


def _is_open(path: Path) -> bool:
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == path:
                return True
        except OSError:
            continue
    return False


def _await(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.002)
