"""From the bytes of a file to its text: compression and encoding."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from typing import NamedTuple

from experiments.datasets.data import DataError
from experiments.datasets.options import AUTO
from experiments.text import closest, listed, quoted

ZIP = b"PK\x03\x04"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_UNPACK = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\x00": lzma.decompress}

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Decoded(NamedTuple):
    """The text of a file, without a byte order mark, and notes on how it was decoded."""

    text: str
    notes: tuple[str, ...]


def read_bytes(path: str) -> bytes:
    """Return the content of the file. Raises DataError if it cannot be read."""
    where = repr(path)  # repr keeps the message on one line, whatever the path holds
    if os.path.isdir(path):  # checked explicitly, because opening a directory fails differently from system to system
        raise DataError(f"{where}: expected a file, found a directory: choose a file in it")
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{where}: expected a file, found none: check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{where}: expected a readable file, found: {reason}: check the path") from None


def unpacked(where: str, raw: bytes) -> bytes:
    """Return the bytes without compression (gz, bz2, xz, or a zip of one file), detected from their first bytes."""
    try:
        for magic, unpack in _UNPACK.items():
            if raw.startswith(magic):
                return bytes(unpack(raw))
        if raw.startswith(ZIP):
            return _only_member(where, raw)
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{where}: expected a complete compressed file, found: {error}: compress it or copy it again"
        ) from None
    if raw.startswith(_ZSTANDARD):
        raise DataError(f"{where}: expected gz, bz2, xz or zip, found a file compressed by zstd: decompress it first")
    return raw


def _only_member(where: str, raw: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            found = listed(map(quoted, names), most=5) or "none"
            raise DataError(
                f"{where}: expected one file in the archive, found {len(names)} ({found}): extract the one to use"
            )
        return archive.read(names[0])


def decode(where: str, raw: bytes, encoding: str) -> Decoded:
    """Return the text: by its byte order mark, else UTF-8, else cp1252, unless the encoding is given.

    Raises DataError for bytes that are invalid in that encoding, and for NUL characters.
    """
    if encoding != AUTO:
        return Decoded(_checked(where, _decoded(where, raw, encoding)), ())
    for mark, name in _MARKS:
        if raw.startswith(mark):
            notes = () if name == "utf-8-sig" else (_said(name.upper(), "its byte order mark"),)
            return Decoded(_checked(where, _decoded(where, raw, name)), notes)
    if (found := _without_mark(raw)) is not None:
        return Decoded(_checked(where, _decoded(where, raw, found)), (_said(found.upper(), "its zero bytes"),))
    try:
        return Decoded(_checked(where, raw.decode("utf-8")), ())
    except UnicodeDecodeError as error:
        line = _line(raw[: error.start].decode("latin-1"))
        why = f"line {line} is not UTF-8"
    try:
        return Decoded(_checked(where, raw.decode("cp1252")), (_said("cp1252", why),))
    except UnicodeDecodeError:
        return Decoded(_checked(where, raw.decode("latin-1")), (_said("latin-1", why),))


def _said(name: str, why: str) -> str:
    return f"encoding: {name}, from {why} (override with --encoding)".replace("from line", "because line")


def _without_mark(raw: bytes) -> str | None:
    """Return the variant of UTF-16 indicated by zero bytes at the beginning, or None."""
    start = raw[:2000]
    even, odd = start[::2], start[1::2]
    if len(odd) < 2:
        return None
    if odd.count(0) > 0.7 * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _decoded(where: str, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        known = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "shift_jis", "gb18030", "mac_roman")
        raise DataError(
            f"--encoding: expected the name of an encoding such as {listed(known[:4], 'or')}, "
            f"got {quoted(encoding)}: choose a known one{closest(encoding, known)}"
        ) from None
    except UnicodeDecodeError as error:
        line = _line(raw[: error.start].decode("latin-1").replace("\0", ""))
        raise DataError(
            f"{where}, line {line}: expected {error.encoding} text, found the byte 0x{raw[error.start]:02x}: "
            "choose the encoding with --encoding"
        ) from None


def _checked(where: str, text: str) -> str:
    bad = text.find("\0")
    if bad >= 0:
        raise DataError(
            f"{where}, line {_line(text[:bad])}: expected text, found a NUL character: save the file as UTF-8 text"
        )
    return text


def _line(before: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", before)) + 1
