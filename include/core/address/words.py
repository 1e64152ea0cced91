"""Words that carriers' address lines are made of, in the languages of the countries we ship to."""

from __future__ import annotations

import re

# In front of a number, saying that it is one: "Nr. 5", "č.p. 12", "nº 3".
NUMBER_SIGN = (
    r"(?:(?:haus|hs\.?)[\s\-]?(?:nummer|nr)|hnr|nummer|numéro|numero|número|number|núm|num|nro|nr|"
    r"no|n\s?[°º]|n\.\s?[°º]|n\.|č\.\s?p|čp|č\.\s?ev|č\.|br|№|#|αριθμός|αρ)\.?:?\s?[°º]?"
)
KILOMETRE = r"(?<!\w)(?:km|kil[oó]metro|p\.?\s?k)\.?"

# The house has no number, and the post there knows that.
NO_NUMBER = re.compile(
    r"(?:s\s?/\s?n[º°r]?|s\.\s?n\.(?:\s?c\.)?|snc?|b\.?\s?b\.?|z\s?/\s?n|sin\s+n[úu]mero|"
    r"b\s?/\s?n|bez\s+numeru|sem\s+n[úu]mero|senza\s+numero|sans\s+num[ée]ro|bez\s+broja)",
    re.IGNORECASE,
)
NO_NUMBER_COUNTRIES = frozenset({
    "ES", "IT", "PT", "SM", "HR", "SI", "RS", "BA", "ME", "MK", "FR", "BE", "RO", "BG", "GR",
    "PL",
})  # fmt: skip

# What may follow a house number: door, floor, building, person.
_AFTER = (
    r"top|tür|tuer|stiege|stg|stock|stockwerk|stw|og|eg|ug|dg|hp|whg|wohnung|whng|we|w|ot|apt|app|"
    r"appt|appart|apartment|apartman|appartement|etage|étage|etg|etaj|et|hinterhaus|hinterhof|hh|"
    r"vorderhaus|vh|seitenflügel|quergebäude|gartenhaus|rückgebäude|rgb|haus|aufgang|eingang|block|blok|gebäude|"
    r"geb|halle|tor|zimmer|zi|raum|rampe|room|rm|büro|office|floor|fl|level|suite|ste|unit|flat|"
    r"bus|bte|boîte|boite|bt|bat|bât|batiment|bâtiment|esc|escalier|escalera|piso|planta|puerta|pta|pt|"
    r"esq|dto|dcha|drcha|izq|izda|izqda|bajo|bajos|ático|atico|local|portal|bloque|int|interno|"
    r"scala|sc|piano|palazzina|pal|m|lok|lokal|mieszkanie|mieszk|pok|budynek|bud|klatka|kl|byt|patro|em|"
    r"emelet|fszt|fsz|földszint|mfszt|ép|épület|ajtó|lph|lépcsőház|lgh|lägenhet|trappa|tr|as|"
    r"rappu|porras|tv|th|mf|kl|bl|ap|бл|вх|ет|ап|όροφος|korter|krt|krs|kat|dz|butas|bt|kt|stan|ulaz|c/o|bei|b\.|z\.\s?hd|"
    r"zhd|zu\s+händen|co|p\.\s?a|hof|rechts|links|mitte|mail\s?box|etasje|leil|leilighet|h\d{4}|"
    r"rez|ambt|nave|lote|fração|andar|cave|rdc|entrée|interphone|digicode|code|door|zone|bp|cs|cp|"
    r"ebene|verdieping|verd|piętro|poschodí|poschodie|podlaží|prízemie|přízemí|parter|aukštas|"
    r"stāvs|korrus|nadstropje|pritličje|kontor|reception|receptie|recepce|empfang|atelier|"
    r"t\.?\s?a\.?\s?v|attn|att|z\.?\s?h|kld|kjeller|kælder|sal|stuen|ent|entlo|dpdo|dup|"
    r"résidence|residence|rés|immeuble|imm"
)
_FLOOR = (
    r"tr|trappor|etg|etasje|sal|etage|étage|ét|og|ug|dg|stock|stw|floor|fl|piso|planta|andar|em|"
    r"emelet|krs|krt|kat|piętro|patro|poschodie|poschodí|ebene|verd|verdieping|piano|korrus|etaj|"
    r"aukštas|stāvs|ορ|όροφος|ет|етаж|nadstropje"
)
AFTER_NUMBER = re.compile(
    rf"[\s,;/–\-]*+(?:\(|[IVX]{{1,4}}\s?[./]|(?:{_AFTER})(?![^\W\d_])\.?|"
    r"(?<![^\W_])(?:[a-z]{1,2}\d{1,4}|[hulk]\s\d{4})(?!\w)|"  # "b201", "H0301": a unit's own code
    rf"\d{{1,3}}\s?(?:[.ºª°](?!\d)|(?:st|nd|rd|th|e|er|ème|r|{_FLOOR})(?!\w)))",
    re.IGNORECASE,
)
# "3. Stock", "2e étage", "1st floor", "II. em.": a floor, whatever stands in front of it.
FLOOR_FIRST = re.compile(
    rf"(?:\d{{1,2}}|[IVX]{{1,4}})\s?(?:\.|º|ª|°|st|nd|rd|th|er|e|ème)?\s?(?:{_FLOOR})(?!\w)",
    re.IGNORECASE,
)
# A floor with its sign: "2. Stock" behind a street is no house number, "12 OG" begins with one.
ORDINAL_FLOOR = re.compile(
    rf"\d{{1,2}}\s?(?:\.|º|ª|°|st|nd|rd|th|er|e|ème)\s?(?:{_FLOOR})(?!\w)", re.IGNORECASE
)
# Where plots stand for houses their word belongs to the number: "Lote 12", "Lt 4", "casa 14".
LOT = re.compile(
    r"(?P<street>.*\w)[\s,]+(?P<num>(?:lote|lt|parcela|casa|nave|lotto)\.?\s?\d{1,4}"
    r"(?:[\s\-]?[a-z](?!\w))?)(?P<rest>(?:[\s,;].*)?)",
    re.IGNORECASE,
)
# A unit behind a street that has its number in front: "Main St Apt 4B", "rue X - bât. B".
UNIT_BEHIND = re.compile(
    r"(?<!\s)\s++(?:[-–]\s*+)?(?P<unit>(?:(?:apt|apartment|suite|ste|unit|flat|fl|floor|appt|appart|"
    r"appartement|r[ée]s|[ée]tage|chez|"
    r"b[âa]t|b[âa]timent|esc|escalier|bte|bo[îi]te|bus|r[ée]sidence|immeuble|imm|porte|code|digicode|"
    r"interphone)\.?\s+\w+|"
    r"\(|c/o|#\s?\w|"
    rf"{FLOOR_FIRST.pattern}|rdc(?!\w)).*)$",
    re.IGNORECASE,
)
UNIT_WORD = re.compile(rf"(?:{_AFTER})\.?", re.IGNORECASE)
# A line or part of a line that names a unit inside a house, not the street.
UNIT_FIRST = re.compile(
    r"(?:flat|apartment|apt|unit|suite|ste|room|floor|level|office|studio|block|building|bldg|"
    r"gebäude|geb|haus|halle|wohnung|whg|stiege|top|tür|hinterhaus|vorderhaus|aufgang|eingang|"
    r"b[âa]t|b[âa]timent|appartement|appt|app|esc|escalier|étage|etage|entrée|résidence|residence|"
    r"r[ée]s|immeuble|imm|edificio|edif|bloque|portal|piso|planta|scala|palazzina|interno|int|"
    r"budynek|bud|blok|lok|lokal|stan|c/o|[0-9]+\s?(?:\.|er|e|ème|st|nd|rd|th|º|ª)\s?"
    r"(?:og|etage|étage|floor|stock|piso|planta|emelet)|zi|zimmer|za|zac|z\.a\.?|z\.i\.?)"
    r"(?![^\W\d_])\.?",
    re.IGNORECASE,
)

# Nothing but units: "byt č. 8", "scala B interno 7", "sc. B, et. 3, ap. 14", "bus 3", "1. tv.".
_UNIT = (
    r"top|tür|stiege|stock|etage|étage|whg|wohnung|apt|apartment|apartman|apartament|app|appt|"
    r"appartement|appartamento|flat|unit|suite|room|floor|level|bus|bte|bo[îi]te|b[âa]t|"
    r"b[âa]timent|escalier|esc|escalera|piso|puerta|pta|portal|bloque|planta|andar|interno|int|scala|piano|"
    r"palazzina|lokal|lok|mieszkanie|m\.|klatka|byt|vchod|patro|poschodie|poschodí|podlaží|emelet|"
    r"em|ajtó|lépcsőház|lakás|lgh|lägenhet|rappu|as|leil|leilighet|dør|dörr|krs|krt|korter|butas|"
    r"dzīvoklis|dz|stan|kat|ulaz|ap|et|habitación|parzelle|parcela|stellplatz|gleis|abschnitt|pitch|"
    r"sc|bl|вх|ет|ап|бл|όροφος|διαμέρισμα|zimmer|raum|hinterhaus|vorderhaus|aufgang|eingang"
)
_UNIT_VALUE = (
    rf"(?:\s*+(?:(?>{NUMBER_SIGN})\s*+)?"
    r"(?:\d{1,4}\s?[a-z]?|[^\W\d_]\d{0,3}|[IVX]{1,4})(?!\w))"
)
UNITS = re.compile(
    rf"(?>(?:(?>(?:{_UNIT})(?![^\W\d_])\.?{_UNIT_VALUE}|(?:\d{{1,2}}|st)\.\s?(?:tv|th|mf)\b\.?|"
    rf"\d{{1,2}}\s?[.ºª°]\s?(?:[a-z]|esq|dto|dcha|drcha|izq|izda|links|rechts|re|li)?(?!\w)\.?|"
    rf"(?:\d{{1,2}}|[IVX]{{1,4}})\s?(?:\.|º|ª|°|er|e|ème)?\s?(?:{_FLOOR})(?![^\W\d_])\.?(?:\s\d{{1,3}})?)"
    r"[\s,;/\-]*+)+)",
    re.IGNORECASE,
)
# A street's type that is no name, whatever the number: "ul. 25", "14 rue". ("Graben 3" is a name.)
NAMELESS = re.compile(
    r"(?:ul|ulica|ulice|ulitsa|улица|ул|rue|route|boulevard|bd|blvd|av|avenue|avda|avenida|"
    r"calle|c/|carrer|via|viale|rua|str|straße|strasse|strada|stradă|utca|gatan|gade|katu|straat|"
    r"iela|gatvė|road|street|οδός|the)\.?"
    r"(?:\s+(?:de|du|des|la|le|les|l['’]|d['’]|del|della|delle|dei|di|do|da|dos|das|el|los|las|van|of|the))*",
    re.IGNORECASE,
)
# A line that only names a person: "c/o Meier", "presso Rossi", "Mr Smith".
PERSON = re.compile(
    r"(?:c/o|presso|att|attn|mr|mrs|ms|miss|herrn?|frau|mme|mlle|monsieur|madame|signora?|sig|sig\.ra|"
    r"se[ñn]ora?|sra?)\.?\s",
    re.IGNORECASE,
)
# A Bulgarian housing estate: the number behind its name is the estate's, the block is the house.
ESTATE = re.compile(r"(?:zh|ж)\.?\s?[kк](?!\w)", re.IGNORECASE)
BLOCK = re.compile(r"(?<!\w)(?:bl|blok|бл|блок|no|№)(?![^\W\d_])", re.IGNORECASE)
# Two numbers, and the customer does not know which: "12 oder 14", "15 ali 51?".
_OR = r"oder|or|ou|o|oppure|ali|ili|lub|albo|nebo|alebo|vagy|eller|of|tai|sau|arba|vai|või|ή|или"
EITHER = re.compile(
    rf"^(?:{_OR})\s[^\W\d_].*\d|\d\s?[a-z]?\s?\?|\d\s?[a-z]?[\s,(]+(?:{_OR})\s+\d|"
    r"^[^\d]*\d.*\s(?:ou|or|oder|oppure|ali|lub|albo|nebo|vagy|eller)\s+\d",
    re.IGNORECASE,
)
# "10 or Rose Lane 5": a second house only where another number follows.
OR_ELSE = re.compile(rf"\d\s?[a-z]?[\s,(]+(?:{_OR})\s+(?=[^\W\d_])", re.IGNORECASE)
NUMBER_FOLLOWS = re.compile(r"\s\d")

_MONTHS = (
    r"januar|jänner|january|janvier|gennaio|enero|janeiro|januari|februar|february|février|"
    r"febbraio|febrero|fevereiro|februari|märz|march|mars|marzo|março|maart|marts|marec|marca|március|"
    r"martie|april|avril|aprile|abril|aprilie|aprila|apríla|április|mai|may|maggio|mayo|maio|mei|maj|maja|"
    r"mája|május|május|máje|juni|june|juin|giugno|junio|junho|iunie|június|juli|july|juillet|"
    r"luglio|julio|julho|iulie|július|august|août|aout|agosto|augustus|augusta|augusti|augusztus|"
    r"september|septembre|settembre|septiembre|setembro|septembrie|septembra|szeptember|oktober|october|"
    r"octobre|ottobre|octubre|outubro|octombrie|oktobra|október|november|novembre|noviembre|"
    r"novembro|noiembrie|novembra|dezember|december|décembre|dicembre|diciembre|dezembro|"
    r"decembrie|decembra|ledna|února|března|dubna|května|června|července|srpna|září|října|"
    r"listopadu|prosince|stycznia|lutego|kwietnia|czerwca|lipca|sierpnia|września|października|"
    r"listopada|grudnia|siječnja|veljače|ožujka|travnja|svibnja|lipnja|srpnja|kolovoza|rujna|"
    r"studenog|studenoga|prosinca|март|марта|май|септември|декември|мартa|οκτωβρίου|μαρτίου|"
    r"σεπτεμβρίου|αυγούστου|μαΐου|νοεμβρίου"
)
DATE_WORD = re.compile(rf"\.?\s?(?:de\s++|d['’]|na\s++)?(?:{_MONTHS})(?!\w)", re.IGNORECASE)
# A spreadsheet's date where a number stood: "5-12" became "05. Dez", "3/4" became "maj.12".
_MONTH = (
    r"(?:jan|feb|fév|mär|mrz|mar|apr|avr|abr|mai|may|maj|mag|jun|jul|lip|aug|aoû|ago|sie|sep|set|wrz|okt|oct|"
    r"ott|out|paź|nov|lis|dez|dec|déc|dic|gru|cze|kwi|lut|sty|gen|ene|fev|giu|lug|led|úno|bře|dub|kvě|čvn|čvc|"
    r"srp|zář|říj|pro)[^\W\d_]{0,6}"
)
DATE_FOR_NUMBER = re.compile(
    rf"\d{{1,2}}[.\s\-/]*{_MONTH}(?:[.\s\-/]*\d{{2,4}})?\.?|{_MONTH}[.\s\-/]*\d{{1,4}}|"
    r"\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d|\d[\d.,]*e\+?\d+",
    re.IGNORECASE,
)
# The same inside a street's field, in the short forms only: "Rosenstr. Mrz 12", "Rosenstr. 12. Mrz"
# were "3-12" and "12/3", while "via 24 maggio" and "ul. 3 Maja" are names.
_SHORT_MONTH = (
    r"(?:jan|janv|feb|febr|fév|févr|mrz|mär|mar|mrt|apr|avr|abr|mag|may|jun|jul|juil|giu|lug|aug|ago|"
    r"sep|sept|set|okt|oct|ott|out|nov|dez|dec|déc|dic|ene|gen|cze|lip|sie|wrz|paź|lis|gru|sty|lut|kwi)"
)
DATE_IN_STREET = re.compile(
    rf"(?<=[\w.])[\s,]+(?:{_SHORT_MONTH}[.\s\-]+\d{{1,4}}|\d{{1,2}}[.\s\-]+{_SHORT_MONTH}\.?)$",
    re.IGNORECASE,
)
DATE_ONLY = re.compile(
    rf"\.?\s?(?:de\s+|d['’])?(?:{_MONTHS})(?:\s+(?:de\s+)?\d{{4}})?", re.IGNORECASE
)
DATE_END = re.compile(rf"(?:{_MONTHS})(?:\s+de|\s+del)?$|(?:plein|laan|place|platz|plaza)$",
                      re.IGNORECASE)  # fmt: skip

# A street (not a square, a building, a hamlet): it has numbers.
_STREET_BEFORE = (
    r"rue|avenue|av|ave|avda|avd|avenida|boulevard|bd|bld|blvd|quai|chemin|ch|impasse|route|rte|"
    r"all[ée]e|via|viale|v\.le|corso|c\.so|vicolo|lungarno|lungotevere|strada|str|stradă|"
    r"calle|c/|cl|carrer|c\.|ronda|paseo|p[ºª]|camino|carretera|ctra|travesía|"
    r"rua|r\.|travessa|estrada|ul|ulica|ulice|al|aleja|aleje|bulevar|bulevardul|bul|șoseaua|șos|"
    r"calea|intrarea|splaiul|ulitsa|улица|ул|бул|булевард|οδός|οδος|λεωφόρος|λεωφ|leoforos|odos|"
    r"nám\.ul|třída|tř|trieda|cesta|put|ulicë|rr|rruga"
)
_STREET_AFTER = (
    r"straße|strasse|strase|str|weg|gasse|gässchen|allee|ring|ufer|damm|chaussee|steig|stieg|pfad|"
    r"zeile|graben|straat|laan|kade|gracht|dijk|singel|dreef|steenweg|stwg|lei|gatan|gata|vägen|väg|"
    r"gränd|leden|vegen|veien|gaten|gate|gater|vei|veg|gade|vej|allé|stræde|katu|kadun|tie|kuja|polku|"
    r"bulevardi|esplanadi|utca|út|útja|körút|krt|sétány|köz|iela|gatvė|gatve|prospektas|tänav|maantee|mnt|"
    r"puiestee|pst|street|road|avenue|lane|drive|terrace|ulica|ulice|třída|trieda|cesta|ulitsa"
)
_WORD_AFTER = (
    r"st|rd|ave|ln|dr|close|court|crescent|gardens|square|grove|hill|row|walk|way|mews|parade|"
    r"place|green|quay|rise|view|yard"
)
# A number behind these belongs to the name: "Straße des 17. Juni", "rue du 8 mai".
ARTICLE_END = re.compile(
    r"(?:^|\s)(?:des|der|du|de|la|le|les|del|della|dei|delle|dos|das|do|da|los|las|van|den|vom|"
    r"zum|zur|the|of|am|im)$",
    re.IGNORECASE,
)
TYPE_ONLY = re.compile(
    rf"(?:{_STREET_BEFORE}|{_STREET_AFTER}|{_WORD_AFTER}|pl|plaza|piazza|praça|platz|plein|plac|trg|os|"
    r"nám|náměstí|námestie)\.?",
    re.IGNORECASE,
)
STREET = re.compile(
    rf"^(?:\d+\w?[\s,]+)?(?:{_STREET_BEFORE})(?![^\W\d_])\.?\s*\S|"
    rf"(?:{_STREET_AFTER}|(?<!\w)(?:{_WORD_AFTER}))\.?(?=$|[\s,])|\s(?:g|pr|skg|al|u)\.$",
    re.IGNORECASE,
)

# English words that other countries give to parks and buildings: "Airport Court 4".
ENGLISH_TYPE = re.compile(rf"(?<!\w)(?:{_WORD_AFTER})\.?$", re.IGNORECASE)

# Squares, which may do without numbers.
_SQUARE = re.compile(
    r"(?:place|pl|plaza|piazza|piazzale|largo|praça|praza|plaça|parvis|cours|square|platz|plein|"
    r"náměstí|nám|námestie|trg|plac|esplanade|campo|passage|piața|plateia|πλατεία|площад|"
    r"пл)(?![^\W\d_])|.*(?:markt|plein|plaats|place|square|plads|pladsen|plass|plassen|torg|torget|torv|torvet|"
    r"tori|tér|tere|trg|plats|väljak|turg|laukums|aikštė)$",
    re.IGNORECASE,
)


def is_square(text: str) -> bool:
    """Say whether a line names a square or market place."""
    return _SQUARE.match(text) is not None


# Roads and numbered things whose number is no house number.
NUMBERED_THING = re.compile(
    r"(?:^|[\s,])(?:rn|rd|(?-i:[NDABLE])$|strada\s+(?:provinciale|statale|regionale)|"
    r"route\s+nationale|route\s+d[ée]partementale|route|"
    r"autoroute|autopista|carretera|highway|hwy|zone|zi|za|terminal|dublin|"
    r"flat|apartment|apt|unit|suite|room|floor|level)\.?$",
    re.IGNORECASE,
)

PO_BOX = re.compile(
    r"(?:g?\.?p\.?\s?o\.?[\s\-]?box|locked\s+bag|private\s+bag|general\s+delivery|p\.?\s?o\.?\s?b\.?(?=\s?\d)|post[\s\-]?(?:office)?[\s\-]?box|"
    r"post[\s\-]?fach|postf\.|pf[.:]*(?=\s?\d)|"
    r"postbus|bo[îi]te\s+postale|b\.?\s?p\.?(?=\s?\d)|cs(?=\s?\d{4,5})|casella\s+postale|"
    r"case\s+postale|c\.?\s?p\.?(?=\s?\d{1,5}$)|"
    r"apartado|apdo|caixa\s+postal|postboks|postbox|box(?=\s?\d)|postilokero|pl(?=\s?\d)|"
    r"skr(?:ytka|\.)\s*poczt\w*\.?|po[šs]tovn[íi]\s+p[řr]ihr[áa]dka|po[šs]tov[ýy]\s+prie[čc]inok|"
    r"p\.\s?p\.(?=\s?\d)|postafi[óo]k|po[šs]tni\s+predal|po[šs]tanski\s+pretinac|"
    r"c[ăa]su[țt]a\s+po[șs]tal[ăa]|пощенска\s+кутия|п\.\s?к\.|ταχ\w*\.?\s+θυρ\w*\.?|[tτ]\.\s?θ\.|t\.\s?th\.|postkast|"
    r"a/k(?=\s?\d)|postlagernd|hauptpostlagernd|poste\s+restante|fermo\s*posta|lista\s+de\s+correos|"
    r"posta\s+restante|post[ae]?\s+restante|abonentin[ėe]\s+d[ėe][žz]ut[ėe]|pašto\s+d[ėe][žz]ut[ėe])"
    r"(?![^\W\d_])",
    re.IGNORECASE,
)
MILITARY = re.compile(r"\b(?:BFPO|[AFD]PO\s+A[AEP]|Feldpost)\b", re.IGNORECASE)

CONTACT = re.compile(r"@|https?:|www\.", re.IGNORECASE)  # in a street or town: no address

# Codes of countries where a town should be: ISO, car signs. Real towns of two letters are not among
# them where they lie ("As", "Au", "By", "Eu", "Ii").
COUNTRY_CODES = {
    "DE": {"de", "deu", "ger", "d", "brd"}, "AT": {"at", "aut", "a"}, "CH": {"ch", "che", "sui"},
    "FR": {"fr", "fra", "f"}, "IT": {"it", "ita", "i"}, "ES": {"es", "esp", "e"},
    "NL": {"nl", "nld", "ned"}, "BE": {"be", "bel", "b"}, "LU": {"lu", "lux", "l"},
    "DK": {"dk", "dnk", "den"}, "SE": {"se", "swe"}, "NO": {"nor"}, "FI": {"fi", "fin"},
    "PL": {"pl", "pol"}, "CZ": {"cz", "cze"}, "SK": {"sk", "svk"}, "HU": {"hu", "hun"},
    "SI": {"si", "slo", "svn"}, "HR": {"hr", "hrv", "cro"}, "RO": {"ro", "rou"},
    "BG": {"bg", "bgr", "bul"}, "GR": {"gr", "grc", "gre", "el"}, "PT": {"pt", "prt", "por"},
    "IE": {"ie", "irl"}, "GB": {"gb", "gbr", "uk", "eng"}, "EE": {"ee", "est"},
    "LV": {"lv", "lva"}, "LT": {"lt", "ltu"}, "US": {"us", "usa"}, "CA": {"ca", "can"},
    "AU": {"au", "aus"}, "JP": {"jp", "jpn"}, "LI": {"li", "lie", "fl"}, "MT": {"mt", "mlt"},
    "CY": {"cy", "cyp"}, "TR": {"tr", "tur"},
}  # fmt: skip

# A postal code in front of the town's name, with or without the sign of the country.
TOWN_CODE = re.compile(
    r"(?:[A-Z]{1,3}[\s\-])?(\d[\d \-]{2,8}\d(?:\s?[A-Z]{2}(?=[\s,]))?)[\s,]++(.+)"
)
# Names of countries in the field of the town.
COUNTRY_NAMES = frozenset({
    "deutschland", "germany", "allemagne", "osterreich", "austria", "schweiz", "suisse",
    "svizzera", "switzerland", "frankreich", "france", "italien", "italy", "italia", "spanien",
    "spain", "espana", "niederlande", "netherlands", "nederland", "polen", "poland", "polska",
    "europa", "europe", "autriche", "belgien", "belgium", "belgie", "belgique", "danemark",
    "denmark", "danmark", "schweden", "sweden", "sverige", "norwegen", "norway", "norge",
    "finnland", "finland", "suomi", "irland", "ireland", "eire", "grossbritannien", "greatbritain",
    "unitedkingdom", "uk", "england", "scotland", "wales", "portugal", "griechenland", "greece",
    "ellada", "hellas", "tschechien", "czechia", "czechrepublic", "cesko", "ceskarepublika",
    "slowakei", "slovakia", "slovensko", "slowenien", "slovenia", "slovenija", "ungarn", "hungary",
    "magyarorszag", "kroatien", "croatia", "hrvatska", "rumanien", "romania", "bulgarien",
    "bulgaria", "българия", "ελλαδα", "estland", "estonia", "eesti", "lettland", "latvia",
    "latvija", "litauen", "lithuania", "lietuva", "usa", "unitedstates",
    "canada", "kanada", "australia", "australien", "japan", "nippon",
})  # fmt: skip
