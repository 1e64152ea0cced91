"""Which forms the tracking numbers of a carrier have.

Good for a hint and for nothing else: carriers change their forms, and know more than they publish.
So a form is accepted where in doubt, check digits are not computed, and a carrier that is not in
the table gives no hint. Carriers go by the words of the name that the warehouse has for them.
"""

from __future__ import annotations

import re

#: Universal Postal Union, standard S10: registered letters and parcels between countries
_S10 = r"[A-Z]{2}[0-9]{9}[A-Z]{2}"
#: words of a carrier's name -> its forms, without spaces, dashes and dots
FORMS: dict[str, tuple[str, ...]] = {
    # dhl.com, tracking labels: Express 10 digits, or JJD…, JVGL…; Parcel 3S…; eCommerce up to five
    # letters, 10 to 39 characters; Freight 14 digits. paketda.de, Prüfziffern: Paket 12 or 20
    # digits, or JJD and 13. All numbers without letters have an even length
    "dhl": (
        r"(?:[0-9]{2}){5,10}",
        r"[A-Z]{2,5}[0-9]{9,34}",
        r"3S[0-9A-Z]{8,20}",
        _S10,
    ),
    # S10, and the 20 characters of a letter's matrix code
    "deutsche post": (_S10, r"[0-9A-Z]{20}"),
    # paketda.de, Prüfziffern: 14 digits and a check character, which is often left out; the
    # barcode of the label has 28 characters
    "dpd": (r"[0-9]{14}[0-9A-Z]?", r"[0-9]{27}[0-9A-Z]"),
    # paketda.de, Paketlabel: depot, kind, running number, check digit (which may lack), 11 or 12
    # in all, elsewhere 14; a Track-ID has 8 characters
    "gls": (r"[0-9]{11,12}", r"[0-9]{14}", r"[0-9A-Z]{8}"),
    # paketda.de, Prüfziffern: 14 digits; of private senders 16, or H and 19
    "hermes": (r"[0-9]{14}", r"[0-9]{16}", r"H[0-9]{19}"),
    # ups.com, tracking number help: 1Z and 16 characters, 12 or 9 digits, T and 10 digits
    "ups": (r"1Z[0-9A-Z]{16}", r"[0-9]{12}", r"[0-9]{9}", r"T[0-9]{10}"),
}
_COMPILED = {words: [re.compile(form) for form in forms] for words, forms in FORMS.items()}
_WORD = re.compile(r"[a-z]+")
_NOISE = re.compile(r"[\s.-]+")


def fits(carrier: str, number: str) -> bool:
    """Say whether a number has a form of its carrier; of an unknown carrier every number has.

    :param carrier: as the warehouse names it: ``DHL``, ``UPS Standard``, ``Deutsche Post DHL``.
    """
    named = set(_WORD.findall(carrier.lower()))
    forms = [
        form
        for words, some in _COMPILED.items()
        if named.issuperset(words.split())
        for form in some
    ]
    plain = _NOISE.sub("", number).upper()
    return not forms or any(form.fullmatch(plain) for form in forms)
