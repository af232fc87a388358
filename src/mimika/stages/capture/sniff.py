"""What a file is, judged by its first bytes and never by its name."""

from __future__ import annotations

import os
import re
import stat
from enum import Enum
from pathlib import Path

from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputUnreadable, InputUnsupported

HEAD_BYTES = 4096
URL = re.compile(r"(https?|rtsps?|rtmps?|rtp|udp|tcp|srt|mmsh?)://", re.IGNORECASE)


class Kind(Enum):
    """The families of content that are told apart before anything is decoded."""

    PHOTO = "photo"
    VIDEO = "video"
    OTHER = "other"
    UNKNOWN = "unknown"


_PHOTO = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+",
    b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51", b"8BPS", b"qoif", b"DDS ", b"icns",
)  # fmt: skip
_VIDEO = (
    b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    b"YUV4MPEG2 ", b"DKIF", b".RMF",
)  # fmt: skip
_OTHER = {
    b"PK\x03\x04": "a zip archive or office document",
    b"%PDF-": "a PDF document",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"ID3": "an audio file and has no video",
    b"fLaC": "an audio file and has no video",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"SQLite format 3\x00": "a database",
}
_ISO_PHOTO = (b"avif", b"avis")
_ISO_HEIF = (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"heim", b"heis")


def kind_of(head: bytes) -> Kind:
    """Judge content by its first bytes (4096 are enough); UNKNOWN means that a decoder has to try."""
    if head.startswith(_PHOTO) or (head[:2] == b"BM" and head[6:10] == bytes(4)):
        return Kind.PHOTO
    if head[:4] == b"RIFF":
        return {b"WEBP": Kind.PHOTO, b"AVI ": Kind.VIDEO}.get(head[8:12], Kind.OTHER)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _kind_of_iso(head)
    if head.startswith(_VIDEO) or _is_transport_stream(head):
        return Kind.VIDEO
    if head[:4] == b"OggS":
        return Kind.VIDEO if b"theora" in head else Kind.OTHER
    return Kind.OTHER if _other(head) else Kind.UNKNOWN


def describe(head: bytes) -> str:
    """Say in one phrase why content that is neither photo nor video cannot be used."""
    if head[:4] == b"PK\x03\x04" and len(head) > 6 and head[6] & 1:
        return "is a password-protected zip archive, not a picture or a video"
    if head[:4] in (b"RIFF", b"OggS") or head[4:12] == b"ftypM4A ":
        return "is an audio file and has no video"
    if _is_heif(head):
        return "is a HEIF photo, which is not supported; save it as JPEG"
    if what := _other(head):
        return f"is {what}" if "video" in what else f"is {what}, not a picture or a video"
    if head.lstrip()[:1] and is_text(head):
        return "is a text file, not a picture or a video"
    return "is not a picture or a video that mimika understands"


def head_of(path: str) -> bytes:
    """Return the first bytes of a regular file after checking that it can be read.

    Raises:
        InputMissing: nothing is there.
        InputUnreadable: a folder, a pipe, a device, or not allowed.
        InputCorrupt: the file is empty.
    """
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise InputUnreadable(path, f"is {_special(mode)}, not a file")
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError) as error:
        raise file_error(path, error) from error
    if not head:
        raise InputCorrupt(path, "file is empty")
    return head


def file_error(name: str, error: Exception) -> InputError:
    """Translate what the operating system said about a path into an error of mimika."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) or not isinstance(error, OSError):
        return InputMissing(name, "no such file")
    if isinstance(error, PermissionError):
        return InputUnreadable(name, "no permission to read it")
    if isinstance(error, IsADirectoryError):
        return InputUnreadable(name, "is a folder, not a file")
    return InputUnreadable(name, f"cannot be read ({error.strerror or error})")


def unsupported(name: str, head: bytes) -> InputError:
    """Return the error for content that no decoder opened: damaged if its first bytes promise a picture."""
    kind = kind_of(head)
    if kind is Kind.PHOTO:
        return InputCorrupt(name, "picture is damaged or truncated")
    if kind is Kind.VIDEO:
        return InputCorrupt(name, "video is damaged or truncated, its index cannot be read")
    return InputUnsupported(name, describe(head))


def missing_bytes(path: str) -> int:
    """Return how many bytes a Matroska or AVI file lacks by its own statement, 0 where it does not say.

    Source: Microsoft, "AVI RIFF File Reference": bytes 4..8 count what follows them. RFC 8794 (EBML) sections 4 and 5
    and RFC 9559 (Matroska) section 5.1: a Segment, which says its size, follows the EBML header.
    """
    with Path(path).open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[:4] == b"RIFF":
        return max(0, int.from_bytes(head[4:8], "little") + 8 - os.path.getsize(path))
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return 0
    header_size, at = _ebml_size(head, 4)
    at += header_size
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    size, at = _ebml_size(head, at + 4)
    return max(0, at + size - os.path.getsize(path))


def _ebml_size(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length size; returns it (0 if unknown) and the place after it."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8:
        return 0, at + 1
    bits = 7 * length
    value = int.from_bytes(data[at : at + length], "big") & ((1 << bits) - 1)
    return (0 if value == (1 << bits) - 1 else value), at + length


def _kind_of_iso(head: bytes) -> Kind:
    brand = head[8:12]
    if head[4:8] == b"ftyp":
        if brand in _ISO_PHOTO:
            return Kind.PHOTO
        if brand == b"M4A " or _is_heif(head):
            return Kind.OTHER
    return Kind.VIDEO


def _is_heif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _ISO_HEIF and b"avif" not in head[16:64]


def _is_transport_stream(head: bytes) -> bool:
    return len(head) > 376 and head[0] == head[188] == head[376] == 0x47


def _other(head: bytes) -> str | None:
    return next((what for magic, what in _OTHER.items() if head.startswith(magic)), None)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file hold no control character but white space."""
    return not any(byte < 9 or 13 < byte < 32 for byte in head)


def _special(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe (use - to read standard input)"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
