"""Who is behind a whitelisted address: what may be said, and what must be.

Source: operations.yaml, whitelist.options and whitelist.upsert, correspondentDetail, rules. The
countries and service providers are a few of our own choice, as no source lists them.
"""

import re
from collections.abc import Mapping
from datetime import date

from runner.core.jsonvalue import JsonValue
from runner.sandbox.refusal import Refused

_BIRTHDAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_TO_FROM = {"0": "VASP", "1": "Self-hosted wallet", "2": "Others"}
_CORRESPONDENT = {"0": "Entity", "1": "Individual"}
_COUNTRIES = (
    ("CH", "41", "Switzerland"),
    ("DE", "49", "Germany"),
    ("FR", "33", "France"),
    ("GB", "44", "United Kingdom"),
    ("SG", "65", "Singapore"),
    ("US", "1", "United States"),
)
_PROVIDERS = (("Binance", False), ("Example Exchange", True), ("Example Custodian", False))

_NEEDED_FOR = {
    ("correspondentType", "1"): ("firstName", "lastName", "birthday"),
    ("correspondentType", "0"): ("fullName",),
    ("toFromType", "0"): ("provider",),
    ("toFromType", "1"): ("selfHostedWalletProvider",),
    ("toFromType", "2"): ("othersPleaseSpecify",),
}
_NUMBERS = {"toFromType": _TO_FROM, "correspondentType": _CORRESPONDENT}
_TEXTS = (
    *("firstName", "lastName", "fullName", "birthday", "provider", "selfHostedWalletProvider"),
    *("jurisdictionVaspCode", "countryInfo", "othersPleaseSpecify"),
)


def correspondent_options() -> dict[str, JsonValue]:
    """Return what each field may hold."""
    countries: list[JsonValue] = [
        {"areaCode": area, "countryCode": code, "icon": "", "name": name, "status": "1"}
        for code, area, name in _COUNTRIES
    ]
    return {
        "addressType": {"1": "Standard", "2": "Universal"},
        "confirmation": ["confirmed", "unconfirmed"],
        "correspondentType": dict(_CORRESPONDENT),
        "toFromType": dict(_TO_FROM),
        "countryOfDomicileIncorporation": countries,
        "jurisdictionVaspItem": countries,
        "listOfVASP": [
            {"jurisdictionRequired": required, "name": name} for name, required in _PROVIDERS
        ],
    }


def correspondent_from(given: object) -> dict[str, JsonValue]:
    """Check what a request says of the correspondent, and return it as lists show it.

    Shapes: numbers arrive as text; toFromType and correspondentType leave as numbers. Fields the
        description does not have are left out. Neither of the two numbers is said to be needed, so
        the rules hold for those that are there.
    Errors: ``Refused`` G20005.
    """
    assert isinstance(given, Mapping), "the parameters' check takes an object alone"
    said: dict[str, JsonValue] = {}
    for name, known in _NUMBERS.items():
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or value not in known:
            raise _refused(name, f"is none of {', '.join(known)}")
        said[name] = int(value)
        for needed in _NEEDED_FOR[name, value]:
            if not given.get(needed):
                raise _refused(needed, f"is needed where {name} is {value}")
    for name in _TEXTS:
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _refused(name, "is not text")
        said[name] = str(value)
    _check_texts(said)
    return said


def _check_texts(said: Mapping[str, JsonValue]) -> None:
    if said.get("birthday") and not _is_day(str(said["birthday"])):
        raise _refused("birthday", "is not a day like 1990-12-31")
    if said.get("toFromType") == 0:
        jurisdiction_needed = dict(_PROVIDERS).get(str(said["provider"]))
        if jurisdiction_needed is None:
            raise _refused("provider", "is not among the options")
        if jurisdiction_needed and not said.get("jurisdictionVaspCode"):
            raise _refused("jurisdictionVaspCode", "is needed for this provider")
    codes = {code for code, _, _ in _COUNTRIES}
    if said.get("jurisdictionVaspCode") and said["jurisdictionVaspCode"] not in codes:
        raise _refused("jurisdictionVaspCode", "is not among the options")


def _is_day(text: str) -> bool:
    if not _BIRTHDAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _refused(name: str, problem: str) -> Refused:
    return Refused("G20005", f"correspondentDetail.{name} {problem}")
