"""What a process holds in memory, and a folder on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes: all, of its own (``private``), of mapped files, and the most so far."""

    total: int
    private: int
    mapped: int
    peak: int

    @classmethod
    def now(cls) -> Memory:
        """Of this process (Linux)."""
        return cls.of("self")

    @classmethod
    def of(cls, process: str) -> Memory:
        """Of a process, by its number (Linux); ``OSError`` or ``KeyError`` where it has ended."""
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        kilobytes = {
            name: int(value.split()[0])
            for name, _, value in (line.partition(":") for line in lines)
            if name.startswith(("VmRSS", "RssAnon", "RssFile", "VmHWM"))
        }
        return cls(*(1024 * kilobytes[k] for k in ("VmRSS", "RssAnon", "RssFile", "VmHWM")))


def open_files() -> int:
    """File handles of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def folder_size(folder: Path) -> int:
    """Bytes in all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
