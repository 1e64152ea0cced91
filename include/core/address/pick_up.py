"""Shops and lockers of other networks, where no carrier of ours delivers.

The names are the networks' own, as their public pages call them; sources per row. A brand that is
also a word ("Speedy", "Bring") only counts beside a word for a locker or shop.
"""

from __future__ import annotations

import re

# (name as a pattern, where it is used, source)
BRANDS = (
    (r"paczkomat\w*", "PL", "https://inpost.pl"),
    (r"inpost(?:\s+(?:locker|paczkomat|point|lockers?|punto))?", "PL GB IT FR", "https://inpost.eu"),
    (r"orlen\s+paczka", "PL", "https://www.orlenpaczka.pl"),
    (r"żabka|zabka|punkt\s+odbioru", "PL", "https://dpdpickup.pl"),
    (r"z[áa]silkovna|packeta|z[\-\s]?box|z[áa]sielkov[ňn]a", "CZ SK HU RO",
     "https://www.packeta.com"),
    (r"alza\s?box", "CZ SK HU", "https://www.alza.cz"),
    (r"bal[íi]kovna|bal[íi]komat|bal[íi]kobox", "CZ SK", "https://www.balikovna.cz"),
    (r"pen[gz]uin\s?box|one\s?by\s?allegro|allegro\s+one", "CZ PL", "https://one.allegro.pl"),
    (r"foxpost|csomagautomata|csomagpont|mpl\s+automata", "HU", "https://foxpost.hu"),
    (r"easy\s?box|fan\s?box|sameday\s+\w*box", "RO HU BG", "https://sameday.ro"),
    (r"box\s?now", "GR BG HR CY", "https://boxnow.gr"),
    (r"skroutz\s+point", "GR", "https://www.skroutz.gr"),
    (r"econt|еконт|(?:speedy|спиди)\s+(?:office|офис)|офис\s+(?:на\s+)?(?:еконт|спиди|speedy)",
     "BG", "https://www.econt.com"),
    (r"paketomat\w*|paket24|tisak\s+paket|gls\s+paketomat", "HR SI", "https://www.posta.hr"),
    (r"omniva|pakiautomaat\w*|pakom[āa]t\w*|pa[šs]tomat\w*|venipak\s+\w+|smart\s?post\w*",
     "EE LV LT FI", "https://www.omniva.ee"),
    (r"pakettiautomaatt?i\w*|matkahuolto", "FI", "https://www.posti.fi"),
    (r"instabox|budbee\s?box|i[\-\s]?boxen|schenker\s+ombud|postnord\s+ombud|airmee\s+box",
     "SE NO DK", "https://www.instabee.com"),
    (r"pakkeboks\w*|pakkeshop\w*|pakkeautomat\w*|pakke\s?i\s?butik\w*|postbutik\w*|swip\s?box|"
     r"n[æa]rboks\w*", "DK NO", "https://www.postnord.dk"),
    (r"mondial\s+relay|relais\s+colis|point\s+relais|pick\s?up\s+relais|relais\s+pick\s?up|"
     r"chronopost\s+pick\s?up|colissimo\s+relais|consigne\s+pick\s?up|amazon\s+(?:consigne|point)",
     "FR BE LU", "https://www.mondialrelay.fr"),
    (r"punto\s+poste(?:\s+locker)?|punto\s?pack|kipoint|fermo\s?point|inpost\s+punto|punto\s+ritiro|"
     r"gls\s+shop", "IT", "https://www.poste.it"),
    (r"city\s?paq|punto\s+(?:de\s+)?recogida|correos\s+(?:market|oficina)|oficina\s+(?:de\s+)?correos|"
     r"celeritas\s+point|tipsa\s+point", "ES", "https://www.correos.es"),
    (r"ponto\s+(?:pick\s?up|de\s+recolha|ctt)|cacifo\w*|locky|loja\s+ctt", "PT", "https://www.ctt.pt"),
    (r"post\s?nl[\s\-]+punt|afhaalpunt|pakket[\s\-]?punt|pakket(?:\s+en\s+brief)?automaat|dhl\s+servicepunt|"
     r"viatim|budbee\s+locker", "NL", "https://www.postnl.nl"),
    (r"bpack|cubee|bpost\s+(?:pakautomaat|distributeur|punt|point)|kariboo", "BE",
     "https://www.bpost.be"),
    (r"abhol(?:station|box|punkt|stelle)|post\s?partner|hofer\s+abholstation|empfangsbox", "AT DE",
     "https://www.post.at"),
    (r"my\s?post\s?24|pick\s?post|my\s?post\s+service", "CH LI", "https://www.post.ch"),
    (r"pack\s?up", "LU", "https://www.post.lu"),
    (r"paket\s?(?:automat|box|kasten|shop|station\s+amazon)|parcel\s?(?:shop|box|locker|point|motel|connect)|"
     r"service[\s\-]?point|pick[\s\-]?up[\s\-]?(?:station|point|shop|location)|access\s+point|"
     r"click\s?(?:&|and|und)\s?collect", "all", "https://www.dpd.com"),
    (r"amazon\s+(?:hub|locker|counter|abholstation)(?:\s+\w+)?", "all", "https://www.amazon.com"),
    (r"collect\s?plus|collect\+|evri\s+\w*shop|parcel\s?postbox|local\s+collect|click4collect",
     "GB", "https://www.royalmail.com"),
    (r"parcel\s+(?:locker|collect)|post\s+office\s+collect", "AU NZ", "https://auspost.com.au"),
    (r"flex\s?delivery|livraison\s?flex", "CA", "https://www.canadapost-postescanada.ca"),
    (r"pudo", "JP", "https://www.packcity.co.jp"),
)  # fmt: skip
_CARRIERS = (
    r"dhl|dpd|gls|ups|hermes|amazon|postnord|bring|omniva|venipak|posti|postnl|bpost|evri|fedex|tnt|"
    r"ppl|acs|elta|seur|mrw|nacex|bartolini|brt|sda|chronopost|colissimo|colis\s+priv[ée]"
)
_PLACES = (
    r"lockers?|hub|counter|punt|points?|point\s+relais|pick[\s\-]?up|access\s+point|"
    r"(?:paket|parcel|pakke|service|paket-?)[\s\-]?(?:shop|point|station|punt|boks|automat)|"
    r"shop|store|depot|office|ombud|agence|relais|station|filiale|abholstation|paketbox"
)
PICK_UP = re.compile(
    rf"(?<!\w)(?:(?:{'|'.join(pattern for pattern, _, _ in BRANDS)})|"
    rf"(?:{_CARRIERS})[\s\-]+(?:{_PLACES}))(?!\w)",
    re.IGNORECASE,
)


def is_pick_up(line: str) -> bool:
    """Say whether a line names a shop or locker where parcels wait to be collected."""
    return PICK_UP.search(line) is not None
