"""Take out of shared libraries what a server without a GPU never reads.

    python library.py FOLDER

Runs while the image is built, in the image's own Python. CatBoost's wheel brings code for GPUs in
the section `.nv_fatbin`, four fifths of the file; many wheels bring symbol tables that only a
debugger reads. What is left is mapped to the very addresses it had before, so that not one
instruction or constant moves. Only ELF for 64-bit little-endian machines is touched (x86-64 and
arm64 are); its format: System V ABI, chapters 4 and 5.
"""

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

GPU_CODE = b".nv_fatbin"
MAGIC = b"\x7fELF\x02\x01"
PAGE = 4096
LOAD, PHDR = 1, 6


@dataclass(frozen=True)
class Segment:
    """A part of the file that is mapped into memory: one program header, in the file's order."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    in_file: int
    in_memory: int
    align: int

    FORM = "<IIQQQQQQ"

    def packed(self) -> bytes:
        fields = (self.kind, self.flags, self.offset, self.address, self.physical)
        return struct.pack(self.FORM, *fields, self.in_file, self.in_memory, self.align)


@dataclass(frozen=True)
class Cut:
    """Bytes of the file that go; where they were mapped there are zeros, which take no memory."""

    start: int
    end: int


def smaller(content: bytes) -> bytes:
    """The library without GPU code, symbol tables and section headers; as it was if it is no ELF.

    Raises:
        ValueError: it has GPU code, and of a layout that this does not know.
    """
    if not content.startswith(MAGIC):
        return content
    segments = list(_segments(content))
    if not any(segment.kind == LOAD for segment in segments):
        return content
    cut = _gpu_code(content, segments)
    end = max(segment.offset + segment.in_file for segment in segments)
    kept = bytearray(content[:end])
    if cut is not None:
        segments = _without(segments, cut)
        kept = kept[: cut.start] + kept[cut.end :]
    for index, segment in enumerate(segments):
        at = _table(content)[0] + index * struct.calcsize(Segment.FORM)
        kept[at : at + struct.calcsize(Segment.FORM)] = segment.packed()
    struct.pack_into("<Q", kept, 40, 0)  # e_shoff: there are no section headers
    struct.pack_into("<HH", kept, 60, 0, 0)  # e_shnum, e_shstrndx
    return bytes(kept)


def _table(content: bytes) -> tuple[int, int]:
    """Where the program headers are, and how many."""
    return struct.unpack_from("<Q", content, 32)[0], struct.unpack_from("<H", content, 56)[0]


def _segments(content: bytes) -> Iterator[Segment]:
    at, count = _table(content)
    size = struct.calcsize(Segment.FORM)
    for index in range(count):
        yield Segment(*struct.unpack_from(Segment.FORM, content, at + index * size))


def _gpu_code(content: bytes, segments: list[Segment]) -> Cut | None:
    """The whole pages of `.nv_fatbin`, if there is one."""
    (table,) = struct.unpack_from("<Q", content, 40)
    count, names = struct.unpack_from("<HH", content, 60)
    headers = [struct.unpack_from("<IIQQQQ", content, table + 64 * i) for i in range(count)]
    for name, _, _, address, offset, size in headers:
        at = headers[names][4] + name
        if content[at : at + len(GPU_CODE) + 1] != GPU_CODE + b"\0":
            continue
        segment = next(s for s in segments if s.kind == LOAD and _holds(s, offset))
        if (segment.offset - segment.address) % PAGE or segments[0].kind != PHDR:
            msg = "no room for one more program header"
            raise ValueError(msg)
        # Both ends at the same place within a page: what follows moves by whole pages.
        end = offset + size - (address + size) % PAGE
        return Cut(end - (end - offset) // PAGE * PAGE, end)
    return None


def _holds(segment: Segment, offset: int) -> bool:
    return segment.offset <= offset < segment.offset + segment.in_file


def _without(segments: list[Segment], cut: Cut) -> list[Segment]:
    """The same segments, the one that is cut as two: the loader does not need the first header."""
    made: list[Segment] = []
    for segment in segments[1:]:
        if segment.kind == LOAD and _holds(segment, cut.start):
            made += _halves(segment, cut)
        elif segment.offset >= cut.end:
            made.append(replace(segment, offset=segment.offset - (cut.end - cut.start)))
        else:
            made.append(segment)
    return made


def _halves(segment: Segment, cut: Cut) -> tuple[Segment, Segment]:
    before, until = cut.start - segment.offset, cut.end - segment.offset
    first = replace(segment, in_file=before, in_memory=until)
    second = replace(
        segment,
        offset=cut.start,
        address=segment.address + until,
        physical=segment.physical + until,
        in_file=segment.in_file - until,
        in_memory=segment.in_memory - until,
    )
    return first, second


def main() -> None:
    """Rewrite every shared library below the folder that is named."""
    for file in Path(sys.argv[1]).rglob("*.so*"):
        if file.is_symlink() or not file.is_file():
            continue
        before = file.read_bytes()
        after = smaller(before)
        if len(after) < len(before):
            file.write_bytes(after)


if __name__ == "__main__":
    main()
