"""The state directory: where it is, how its files are written, and the lock around a decision.

A file is either there with all of its content or not there: it is written beside its place, synced to
disk and moved. Whoever reads a file, decides and writes holds the flock(2) of that file's lock
meanwhile, which the kernel takes back from a process that dies. On a shared laboratory the directory
belongs to a group and is writable for it (``install -d -m 2775 -g lab /var/lib/hil``); without the
sticky bit, or nobody could clear away what another person's dead run left there.

What lies there may be anything: others may write to it. So a file is read only if it is a regular one
of a believable size, and reading it never waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from hil.errors import LeaseError

MAX_OCTETS = 1 << 16
"""The size of the largest file that is read."""
LOCK_S = 10.0
"""How long, in seconds, to wait for whoever holds a lock; they need some milliseconds."""


def state_directory(chosen: str | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Where leases are kept: ``chosen`` (an inventory's ``state``), else as the environment says.

    That is $HIL_STATE_DIR, else $XDG_STATE_HOME/hil, else ~/.local/state/hil. `LeaseError` where
    nothing of that is known.
    """
    known = os.environ if environ is None else environ
    if chosen:
        return Path(chosen)
    if known.get("HIL_STATE_DIR"):
        return Path(known["HIL_STATE_DIR"])
    if known.get("XDG_STATE_HOME"):
        return Path(known["XDG_STATE_HOME"], "hil")
    try:
        return Path.home() / ".local" / "state" / "hil"
    except RuntimeError as error:
        raise LeaseError(
            "nobody knows where leases are kept",
            evidence=str(error),
            next_step="set HIL_STATE_DIR, or `state:` in the inventory",
        ) from error


def made(state: Path, name: str) -> Path:
    """Make a directory inside the state directory, as open to others as that one; `LeaseError`."""
    directory = state / name
    try:
        state.mkdir(parents=True, exist_ok=True)
        if not directory.is_dir():
            directory.mkdir(exist_ok=True)
            # The set-group-ID bit comes from above by itself; the umask must not take the rest.
            directory.chmod(stat.S_IMODE(directory.stat().st_mode) | _shared(state))
    except OSError as error:
        raise unusable(directory, error) from error
    return directory


def read(path: Path, limit: int = MAX_OCTETS) -> bytes | None:
    """The content of a file of at most ``limit`` octets; None if there is none.

    Raises `LeaseError` for what is no regular file, too large or not to be read.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(path, error) from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > limit:
            raise LeaseError("no file of hil's", evidence=str(path))
        return os.read(descriptor, limit)
    except OSError as error:
        raise unusable(path, error) from error
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes) -> None:
    """Put a file in its place, whole and on disk; `LeaseError` if that is impossible."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(beside, flags, 0o600)
        try:
            os.fchmod(descriptor, 0o644 | _shared(path.parent) & 0o666)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
        _sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise unusable(path, error) from error


def remove(path: Path) -> None:
    """Take a file away, on disk as well; no effect if there is none. `LeaseError`."""
    try:
        path.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise unusable(path, error) from error


def listed(directory: Path) -> tuple[Path, ...]:
    """What lies in a directory; nothing if there is none. `LeaseError`."""
    try:
        return tuple(directory.iterdir())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise unusable(directory, error) from error


def set_aside(path: Path, directory: Path) -> Path:
    """Move whatever is at ``path`` into ``directory``, under a name of its own; `LeaseError`."""
    aside = directory / f"{path.name}.{secrets.token_hex(4)}"
    try:
        path.rename(aside)
    except OSError as error:
        raise unusable(path, error) from error
    return aside


def age(path: Path, lock: int) -> float | None:
    """Seconds since a file was written, by the clock of the file system; None without a file.

    That clock is one for all hosts that share the directory, whatever their own say. ``lock`` is a
    descriptor of a file there, which is touched to read it.
    """
    try:
        os.utime(lock)
        return os.fstat(lock).st_mtime - path.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(path, error) from error


@contextlib.contextmanager
def locked(path: Path, within_s: float = LOCK_S) -> Iterator[int]:
    """Hold a lock for the time of the block; yields its descriptor.

    Raises `LeaseError` if another process keeps it for longer than ``within_s`` seconds.
    """
    descriptor = opened_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait_for(descriptor, path, within_s)
        except OSError as error:
            raise unusable(path, error) from error
        yield descriptor
    finally:
        os.close(descriptor)


def unusable(path: Path, error: OSError) -> LeaseError:
    """The error about a file or directory that the kernel refuses."""
    return LeaseError(
        "the state directory cannot be used",
        evidence=f"{path}: {error.strerror}",
        next_step="choose another one with HIL_STATE_DIR, or give its group the right to write",
    )


def opened_lock(path: Path) -> int:
    """A descriptor of a file to lock; `LeaseError`."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            descriptor = os.open(path, flags | os.O_CREAT, 0o644)
            with contextlib.suppress(PermissionError):
                # Another user may have made it in the meantime, and gave it this mode as well.
                os.fchmod(descriptor, 0o644 | _shared(path.parent) & 0o666)
            return descriptor
    except OSError as error:
        raise unusable(path, error) from error


def _wait_for(descriptor: int, path: Path, within_s: float) -> None:
    refused: list[OSError] = []

    def wait() -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            refused.append(error)

    # flock(2) knows no deadline: a thread waits in it, and is left there if the holder never ends.
    waiting = threading.Thread(target=wait, name="lease lock", daemon=True)
    waiting.start()
    waiting.join(within_s)
    if waiting.is_alive():
        raise LeaseError(
            f"another process has kept a lock for {within_s:g} s",
            evidence=str(path),
            next_step=f"find it with `fuser {path}` and end it",
        )
    # Python is done with a thread before the kernel is, and namespaces are entered by one alone.
    while Path(f"/proc/self/task/{waiting.native_id}").exists():
        os.sched_yield()
    if refused:
        raise unusable(path, refused[0])


def _shared(directory: Path) -> int:
    """The rights that a directory gives to its group and to all others."""
    return stat.S_IMODE(directory.stat().st_mode) & 0o077


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
