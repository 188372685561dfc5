"""Where the node is, who asks, and with which key: from a file, the environment, or the caller."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from paritas.client.problems import SettingsError

#: Names the settings file; without it the file is looked for in the home directory.
FILE_VARIABLE = "PARITAS_CLIENT"
_HOME_FILE = Path("~/.config/paritas/client.toml")
_TEXTS = ("url", "bic", "key", "passphrase", "ca", "certificate", "certificate_key")


class Settings(msgspec.Struct, frozen=True):
    """How a client speaks to its node."""

    #: Such as https://node.example; without a slash at the end.
    url: str
    #: The institution's own BIC.
    bic: str = ""
    #: The file with the private key that signs (PKCS #8 PEM), and its passphrase.
    key: str = ""
    passphrase: str = ""
    #: Whom to trust for TLS besides the usual authorities (PEM), and the certificate to show.
    ca: str = ""
    certificate: str = ""
    certificate_key: str = ""
    #: Seconds for one attempt, and how often to try again.
    timeout_s: float = 30.0
    retries: int = 5

    @staticmethod
    def load(path: Path | None = None, **given: str) -> Settings:
        """Read the settings: what is given goes before the environment, that before the file.

        The environment says PARITAS_URL, PARITAS_BIC, PARITAS_KEY and so on; the file is TOML with
        the same words in small letters. Raises SettingsError.
        """
        found: dict[str, Any] = _file(path)
        for name in _TEXTS:
            value = os.environ.get(f"PARITAS_{name.upper()}")
            if value:
                found[name] = value
        found.update({name: value for name, value in given.items() if value})
        if not found.get("url"):
            raise SettingsError(
                "No node is named: set PARITAS_URL, give --url, or write url in"
                f" {_HOME_FILE} (TOML)."
            )
        try:
            settings = msgspec.convert(found, Settings)
        except msgspec.ValidationError as error:
            raise SettingsError(f"The client's settings do not fit: {error}.") from None
        if not settings.url.startswith(("https://", "http://")):
            raise SettingsError(f"{settings.url!r} is no URL: it begins with https://.")
        return msgspec.structs.replace(settings, url=settings.url.rstrip("/"))


def _file(path: Path | None) -> dict[str, Any]:
    named = path or (Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None)
    place = (named or _HOME_FILE).expanduser()
    if named is None and not place.is_file():
        return {}
    try:
        found = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{place}: cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{place}: is not TOML: {error}.") from None
    known = Settings.__struct_fields__
    unknown = next((name for name in found if name not in known), None)
    if unknown is not None:
        words = ", ".join(known)
        raise SettingsError(f"{place}: {unknown!r} is no setting; the words are {words}.")
    # A key's path is meant from where the file is.
    for name in ("key", "ca", "certificate", "certificate_key"):
        if isinstance(found.get(name), str):
            found[name] = str(place.parent / Path(found[name]).expanduser())
    return found
