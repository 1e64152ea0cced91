"""E-mail addresses and phone numbers: only ever warnings."""

from __future__ import annotations

import re
from functools import lru_cache

_SHAPE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")


_PLAIN = re.compile(r"([A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*)@(.+)")
_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


@lru_cache(maxsize=20_000)
def email_ok(text: str) -> bool:
    """Say whether an e-mail address can be right (syntax only, nobody is asked)."""
    if not _SHAPE.fullmatch(text):
        return False
    plain = _PLAIN.fullmatch(text)
    if plain and plain[1] != "a" and len(text) < 200:
        # Nothing to doubt before the @: most customers share a few domains, judged once each.
        return len(plain[1]) <= _LOCAL_PART and email_ok(f"a@{plain[2]}")
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


@lru_cache(maxsize=20_000)
def phone_ok(text: str, country: str) -> bool:
    """Say whether a phone number can be right; without a prefix it is read as ``country``'s."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)
