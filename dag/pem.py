"""Keys in files: read as PEM, and where a file is something else, an error says what it is and how to convert it."""

import codecs
from pathlib import Path
from shlex import quote

_DER = 0x30  # the first byte of every key in DER: a SEQUENCE
_LARGEST = 100_000  # bytes: no key is longer


class PemError(ValueError):
    """The file holds no key in PEM; `remedy` is the next command to type."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.remedy = remedy


def read(path: Path, option: str, *, public: bool = False) -> str:
    """Return the text of a PEM file, which `option` named. Raises PemError where it cannot be read or is no PEM."""
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(_LARGEST)
    except OSError as error:
        raise PemError(f"{option}: cannot read {path}: {error.strerror}", f"name the PEM file: {option}") from None
    name = quote(str(path))
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        remedy = f"iconv -f UTF-16 -t UTF-8 {name} > key.pem"
        raise PemError(f"{option}: {path} is text in UTF-16, and a PEM file is ASCII", remedy)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    convert = "openssl pkey -pubin -pubout" if public else "openssl pkey"
    if content[:1] == bytes([_DER]):
        raise PemError(
            f"{option}: {path} is a key in DER, not in PEM", f"{convert} -inform DER -in {name} -out key.pem"
        )
    raise PemError(f"{option}: {path} is no PEM file", f"name the PEM file: {option}")
