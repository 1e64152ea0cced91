"""Texts that stand in an address field and are none: placeholders, notes to people, key rows."""

from __future__ import annotations

import re
from functools import lru_cache

from include.core.address.keys import is_key_row
from include.core.address.text import key, letters

_TEST_WORDS = frozenset({
    "test", "tests", "teststrasse", "teststr", "testweg", "teststadt", "testort", "testhausen",
    "testkunde", "testuser", "testing", "tester", "testadresse", "testbestellung", "teststreet",
    "testtest", "testcity", "dummy", "fake", "foo", "bar", "foobar", "lorem", "loremipsum",
    "musterstrasse", "musterstr", "musterweg", "musterplatz", "musterstadt", "musterort",
    "musterhausen", "mustermann", "maxmustermann", "erikamustermann", "musterfirma",
    "beispielstrasse", "beispielstr", "beispielweg", "beispielstadt", "beispielort", "asdf",
    "asdfg", "asdfgh", "asdfasdf", "asdfghjkl", "asd", "asdasd", "sdf", "dfg", "fgh", "qwer",
    "qwert", "qwertz", "qwerty", "qwertzuiop", "qwertyuiop", "yxcv", "zxcv", "hjkl", "jkl", "abc",
    "abcd", "abcde", "xyz", "blabla", "bla", "blub", "tba", "tbd", "tbc", "todo", "unbekannt",
    "unknown", "inconnu", "onbekend", "sconosciuto", "desconocido", "nieznany", "keine", "keiner",
    "keineangabe", "keinestrasse", "ka", "na", "notavailable", "notapplicable", "none", "null",
    "nil", "nan", "undefined", "nichts", "leer", "empty", "nope", "void", "sieheoben", "so",
    "wieoben", "sieherechnungsadresse", "wierechnungsadresse", "gleiche", "sameasabove",
    "sameasbilling", "same", "asabove", "seeabove", "dito", "ditto", "idem", "strasse", "str",
    "street", "address", "adresse", "anschrift", "hausnummer", "strassehausnummer", "strasseundnr",
    "strassenr", "adressezeile", "adresszeile", "adresseligne", "addressline", "calleynumero",
    "viaenumero", "prenomnom", "nomprenom", "vornamenachname", "firstnamelastname",
    "strasseundhausnummer", "strassename", "strassenname", "streetname", "yourstreet", "ort",
    "stadt", "city", "town", "plz", "postleitzahl", "zip", "zipcode", "postcode", "wohnort",
    "vorname", "nachname", "name", "firstname", "lastname", "firma", "company", "land",
    "anystreet", "anytown", "somestreet", "somewhere", "nowhere", "irgendwo", "nirgendwo",
    "string", "value", "sample", "example", "beispiel", "muster", "platzhalter", "placeholder",
    "teststrase", "prueba", "prova", "essai", "exemple", "esempio", "ejemplo", "voorbeeld", "rien",
    "aucun", "aucune", "niente", "nessuno", "nessuna", "nada", "ninguno", "ninguna", "nenhum",
    "nenhuma", "niets", "geen", "ingen", "inget", "intet", "brak", "nic", "zadny", "zadna",
    "nincs", "semmi", "puuttuu", "kein", "fehlt", "missing", "keinehausnummer", "neznama",
    "neznamy", "ismeretlen", "tuntematon", "okand", "ukjent", "ukendt", "nepoznato", "neznano",
    "necunoscut", "nera", "nav", "eiole", "pole", "nema", "niamam", "fara", "няма", "δεν",
    "eioleosoitetta", "bezadresy", "bezadresu", "bezadresa", "faraadresa", "neraadreso",
    "navadreses", "utanadress", "udenadresse", "utenadresse", "geenadres", "semmorada",
    "ilmanosoitetta", "nincscim", "brakadresu", "brezaslova", "aadressitaole", "tobeconfirmed",
    "pendientedeconfirmar", "tobeannounced", "tobeadvised", "wirdnachgereicht", "folgt",
    "folgtnoch", "aconfirmer", "aconfirmar", "porconfirmar", "daconfermare", "dopotwierdzenia",
    "notknown", "noaddress", "nostreet", "keineadresse", "sansadresse", "sindireccion",
    "senzaindirizzo", "telefon", "tel", "mobil", "handy", "fax", "phone", "mobile", "zuhause",
    "athome", "alamaison", "acasa", "encasa", "thuis", "hemma", "doma", "wdomu", "otthon",
    "kotona", "hjemme", "doejohn", "johndoe", "janedoe", "maxmuster", "nomedellavia", "ruetest",
})  # fmt: skip

_SAMPLES = frozenset({"test", "dummy", "fake", "muster", "beispiel", "sample", "example", "foo"})
# Words beside a name that are none, and what shops call somebody who gave none.
_NO_NAMES = frozenset({
    "co", "zhd", "att", "attn", "pa", "zuhanden", "herr", "herrn", "frau", "mr", "mrs", "ms",
    "miss", "mme", "monsieur", "madame", "sig", "signor", "signora", "sr", "sra", "senor",
    "senora", "dr", "familie", "family", "famille", "famiglia", "kunde", "kundin", "customer",
    "client", "cliente", "guest", "gast", "guestcustomer", "gastbestellung", "besteller",
    "empfanger", "recipient", "user", "privat", "private", "privatperson",
})  # fmt: skip
# What spreadsheets, templates and programs leave behind: "#REF!", "{{street}}", "[object Object]".
_LEFT_BEHIND = re.compile(
    r"#(?:REF|N/A|NAME|VALUE|NULL|NUM|DIV/0|NV|BEZUG|WERT|ZAHL)\b|\{\{?[^{}]*\}|\$\{|\[object\b|"
    r"%[a-z_]{3,}%|</?[a-z][^<>]*>|[=<>{}]|(?<![IVX\d])\^|^///\w|"
    # a plus code, a bank account, an order's number
    r"\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b|^[A-Z]{2}\d\d(?:\s?\d{4}){2}|"
    r"^order\s*+(?:#|no|nr)?\W*\d",
    re.IGNORECASE,
)
# Words for the driver where a street should be: "bitte vor Lieferung anrufen".
_CALL = frozenset({
    "anrufen", "call", "ring", "phone", "appeler", "telephoner", "llamar", "avisar", "chiamare",
    "telefonare", "ligar", "bellen", "dzwonic", "zadzwonic", "ringa", "soita",
})  # fmt: skip
# Words that speak to a person: any of them makes a note of a line that is not a numbered street.
_SPEAKING = frozenset({
    # collected, not delivered
    "abholung", "selbstabholung", "selbstabholer", "abholer", "pickup", "retrait", "ritiro",
    "recogida", "recoger", "afhalen", "ophalen", "levantamento", "levantar", "odbior", "vyzvednuti",
    "vyzdvihnutie", "atvetel", "nouto", "noudetaan", "afhentning", "afhentes", "hentes",
    "avhamtning", "hamtas", "ridicare", "preuzimanje", "prevzem", "atsiemimas", "atsiimsiu",
    "παραλαβη",
    # the address is elsewhere
    "rechnungsadresse", "rechnungsanschrift", "lieferadresse", "lieferanschrift", "billing",
    "facturation", "fatturazione", "facturacion", "faturacao", "factuuradres", "fakturaadresse",
    "fakturaadress", "fakturacni", "fakturacyjny", "fakturacna", "szamlazasi", "laskutusosoite",
    "facturare", "bestellnotiz", "bemerkung", "kommentar", "commentaire", "opmerking", "poznamka",
    # something else than an address
    "iban", "gps", "iva", "nif", "siret", "ustid", "steuernummer", "kundennummer", "kundennr",
    "bestellung", "bestellnummer", "bestellnr", "auftragsnummer", "ordernumber", "verzogen",
    "umgezogen", "moved", "baustelle", "chantier", "cantiere", "gleis",
    # a request
    "bitte", "please", "svp", "prosim", "prosze", "kerem", "parakalo", "venligst", "vennligst",
    "alstublieft", "palun", "ludzu", "prasome", "molimo", "παρακαλω", "anrufen", "klingeln",
    "melden", "appelez", "appeler", "telephoner", "sonnez", "llamar", "llame", "avisar",
    "chiamare", "chiamate", "telefonare", "citofonare", "suonare", "dzwonic", "zadzwonic",
    "zavolat", "zavolejte", "volejte", "zavolajte", "sunati", "hivjon", "hivjanak", "csengessen",
    "soittakaa", "nazovite", "pozvonite", "poklicite", "skambinti", "skambinkite", "zvanit",
    "zvaniet", "helistage", "обадете", "звъннете", "τηλεφωνηστε", "nachbarn", "nachbar",
    "digicode", "interphone", "citofono", "buzzer", "hinterlegen", "abstellen", "neighbour",
    "neighbor",
})  # fmt: skip
_SPOKEN = re.compile(
    r"\b(?:same as|call me|click (?:and )?collect|(?:siehe|s|wie) (?:oben|unten|notiz|rechnung)|"
    r"(?:see|as) (?:above|below|notes?|order)|voir (?:ci|note|plus)|vedi (?:sopra|sotto|note?)|"
    r"ver (?:nota|arriba|abajo|acima)|zie (?:boven|onder)|(?:viz|patrz|se|lasd) (?:vyse|wyzej|ovan|"
    r"nedan|ovenfor|nedenfor|fent)|por favor|per favore|va rog|cash and carry|"
    r"(?:in|en|al) (?:sede|tienda|negozio|magasin|loja|winkel|filiale)|in store|i butik|"
    r"(?:dejar|deixar|lasciare|laisser|deposer|leave) (?:en|na|no|in|al|au|chez|at|with))\b"
)
# Where a house is, not what its address is. Streets are named so as well, but then have a number.
_BESIDE = re.compile(
    r"(?:near|behind|corner|esquina|angolo|dietro|detras|atras|vis a vis|next to|opposite|close to|"
    r"a cote d|en face d|vicino a|accanto a|di fronte|cerca de|chez m(?:es|on|a)|junto a|"
    r"al lado d|frente a|perto d|ao lado|ao pe d|em frente|proximo a|naast|tegenover|"
    r"neben|gegenuber|obok|naprzeciw|vedle|naproti|vedla|oproti|langa|vizavi|mellett|szemben|"
    r"vastapaata|bredvid|mittemot|ved siden|overfor|zraven|nasproti|pored|preko puta|salia|"
    r"priesais|blakus|pretim|korval|vastas|πισω|κοντα|διπλα|απεναντι|срещу|до )"
)
# "The same address", word by word, and "as above", "like the bill".
_SAME = frozenset({
    "same", "gleiche", "gleich", "selbe", "dieselbe", "identisch", "identische", "identical",
    "meme", "identique", "misma", "mismo", "igual", "stesso", "stessa", "mesma", "mesmo",
    "zelfde", "dezelfde", "hetzelfde", "samme", "samma", "sama", "sam", "taki", "ten", "stejna",
    "stejny", "totozna", "rovnaka", "ugyanaz", "ugyanez", "azonos", "aceeasi", "acelasi",
    "aceiasi", "ista", "isti", "isto", "enaka", "enak", "ta", "tas", "tapati", "pats", "tapats",
    "tapatys", "tapat", "tapatsi", "ieprieks", "ieprieksejais", "pati", "sugemas", "ιδια",
    "ιδιο", "същия", "същият", "ayni", "така", "той",
})  # fmt: skip
_ADDRESS = frozenset({
    "address", "adresse", "anschrift", "lieferadresse", "direccion", "indirizzo", "morada",
    "endereco", "adres", "adress", "osoite", "adresa", "cim", "naslov", "aadress", "adrese",
    "adresas", "διευθυνση", "адрес", "domicilio", "recapito", "heimilisfang",
})  # fmt: skip
_LIKE = frozenset({
    "wie", "as", "like", "comme", "come", "como", "jak", "jako", "ako", "kuten", "som", "kao",
    "kot", "zoals", "ca", "mint", "siehe", "see", "voir", "vedi", "ver", "zie", "viz", "patrz",
    "se", "lasd", "identisch", "nagu", "ka", "kaip", "οπως", "както", "vezi", "vidi", "glej",
    "katso", "vaata", "skat", "zr", "gibi",
})  # fmt: skip
_ELSEWHERE = frozenset({
    "oben", "unten", "rechnung", "above", "below", "billing", "invoice", "dessus", "dessous",
    "facture", "facturation", "sopra", "sotto", "fattura", "arriba", "abajo", "factura",
    "acima", "abaixo", "fatura", "boven", "onder", "factuur", "wyzej", "powyzej", "fakturze",
    "vyse", "nize", "faktura", "fakture", "vyssie", "hore", "fent", "szamla", "sus", "ovenfor",
    "nedenfor", "ovan", "nedan", "fakturan", "edella", "ylla", "lasku", "iznad", "gore",
    "zgoraj", "racun", "eespool", "arve", "augstak", "rekina", "auksciau", "πανω", "горе",
    "fakturaen",
})  # fmt: skip
_FIRST = frozenset({
    "vor", "vorher", "before", "avant", "antes", "prima", "voor", "vooraf", "przed", "innan", "for",
    "ennen", "first", "zuerst",
})  # fmt: skip
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_VOWELS = frozenset("aeiouy")
# Real towns that would read as a placeholder (None in Piedmont, Test in Hungary's Vas, ...).
_REAL_TOWNS = frozenset({"none", "bar", "land", "so", "na", "asd", "str", "zip"})


@lru_cache(maxsize=20_000)
def is_placeholder(value: str, *, town: bool = False) -> bool:
    """Say whether a filled field says nothing: test words, key rows, one letter over and over."""
    if not value:
        return False
    short = key(value)
    if not short:
        return True  # "-", "...", "???"
    if town and short in _REAL_TOWNS and value.isalpha():
        return False
    if short in _TEST_WORDS or _LEFT_BEHIND.search(value):
        return True
    words = short.rstrip("0123456789")
    if words != short and words in _TEST_WORDS and words not in {"strasse", "str", "street", "ort"}:
        return True
    if len(short) >= 2 and len(set(short)) == 1 and not short.isdigit():
        return len(short) > 2 or short[0] not in _VOWELS  # "Aa" and "Ee" are places
    if is_key_row(value):
        return True
    first, *others = spoken = [key(word) for word in value.split()]
    if not _CALL.isdisjoint(spoken) and not _FIRST.isdisjoint(spoken):
        return True
    if not others or first not in _SAMPLES:
        return False
    plain = {w for w in others if w and not w.isdigit()}
    return bool(plain) and plain <= _TEST_WORDS


def is_no_name(value: str) -> bool:
    """Say whether a field of a name names nobody: a placeholder, one letter, "c/o", "Herr"."""
    return is_placeholder(value) or len(key(value)) < 2 or key(value) in _NO_NAMES


@lru_cache(maxsize=20_000)
def is_note(street: str, *, numbered: bool) -> bool:
    """Say whether a street is a note to a person: "same as billing", "retrait en magasin".

    :param numbered: it has a house number; a place beside something can be a street then.
    """
    words = [key(word) for word in _BETWEEN_WORDS.split(street) if word]
    if not _SPEAKING.isdisjoint(words) or _says_same(words):
        return True
    spoken = " ".join(words)
    return _SPOKEN.search(spoken) is not None or (
        not numbered and _BESIDE.match(spoken) is not None
    )


def _says_same(words: list[str]) -> bool:
    """Say whether words point to another address: "misma dirección", "jak wyżej"."""
    said = set(words)
    return (not _SAME.isdisjoint(said) and not _ADDRESS.isdisjoint(said)) or (
        words[:1] != words[-1:] and words[0] in _LIKE and not _ELSEWHERE.isdisjoint(said)
    )


def is_mashed(value: str) -> bool:
    """Say whether a text has a long word and not one vowel: "sdfsdf", "hjkhjk"."""
    short = key(value)
    return (
        short.isascii()
        and not _VOWELS.intersection(short)
        and any(letters(word) > 4 for word in value.split())
    )
