"""The schema bundle: one XML schema for each version of each message that Paritas can check.

The bundle is made at build time (`build_schemas.py` at the root of the project) and holds every
version of the admi, camt, head, pacs and pain messages that pyiso20022 1.6.2 describes. Not among
them, and so unknown here: camt.003, 007, 018, 057 and 107 to 109; camt.025 but for .001.08; camt.050
but for .001.07; camt.053 after .001.12; pain.008.001.08. Those that are needed are to be written by
hand.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from lxml import etree

_SUFFIX = ".xsd"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
# The very first two versions of pain were published before `tech` entered the namespace.
_FIRST_NAMESPACE = "urn:iso:std:iso:20022:xsd:"
_FIRST_VERSIONS = frozenset({"pain.001.001.01", "pain.002.001.01"})


class UnknownMessageTypeError(LookupError):
    """The bundle has no schema for this message type."""


class SchemaBundleMissingError(RuntimeError):
    """The bundle was never made, so nothing can be checked at all."""


@cache
def message_types() -> frozenset[str]:
    """The ids of all messages in the bundle, such as "pacs.008.001.08".

    Raises SchemaBundleMissingError if the bundle has not been made.
    """
    folder = _folder()
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    found = frozenset(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    if not found:
        raise SchemaBundleMissingError(
            f"the schema bundle {folder} is empty: run make schemas, or install paritas again"
        )
    return found


def namespace(message_type: str) -> str:
    """The XML namespace of a message type, in the bundle or not."""
    first = message_type in _FIRST_VERSIONS
    return (_FIRST_NAMESPACE if first else _NAMESPACE) + message_type


@cache
def schema(message_type: str) -> etree.XMLSchema:
    """The schema of one message type, parsed at its first use and then kept.

    Its `error_log` belongs to the last check, so threads that check at once need their own lock.
    Raises UnknownMessageTypeError if the bundle has no such message, SchemaBundleMissingError if
    there is no bundle.
    """
    return etree.XMLSchema(source(message_type))


@cache
def source(message_type: str) -> etree._Element:
    """The schema of one message type as it is written, for who wants to know what it allows.

    Raises as `schema` does.
    """
    if message_type not in message_types():
        raise UnknownMessageTypeError(
            f"no schema for message type {message_type}: the bundle has"
            f" {_versions(message_type) or 'no version of it'}"
        )
    return etree.XML((_folder() / f"{message_type}{_SUFFIX}").read_bytes())


def _versions(message_type: str) -> str:
    """The versions of the same message that the bundle has, for the person who has another."""
    message = message_type[: len("pacs.008")]
    return ", ".join(sorted(known for known in message_types() if known.startswith(message + ".")))


def _folder() -> Traversable:
    return files("paritas.iso20022") / "xsd"
