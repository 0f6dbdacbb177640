"""Whole numbers in words, in languages that text_to_num does not read.

Words are combined as most languages do: what multiplies (hundred, thousand) takes the smaller numbers before it, the
rest is added. Ordinals and fractions are not read.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import regex

from podwright_core.languages import main_language
from podwright_core.tokens import norms, tokens

#: Numbers below are left out where they stand alone: in most languages they are articles or pronouns too.
LEAST = 3
#: The values of each table's words, in order; ``-`` stands for none, ``/`` between forms of one.
_VALUES = (*range(1, 20), *range(20, 100, 10), 100, 1000, 10**6, 10**9)
#: Words that multiply what is before them; in some languages ten does so too.
_MULTIPLIERS = frozenset({100, 1000, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9, 10**12})
_TIMES_TEN = "×10"
#: Languages that say units before tens, within a word or in two.
_UNITS_FIRST = frozenset({"ar", "cs", "da", "id", "no", "sk", "sl"})
#: "And" between the words of a number, and within one.
_AND = {"bg": "и", "ca": "i", "da": "og", "el": "και", "hr": "i", "no": "og", "ro": "și", "sl": "in", "vi": "linh lẻ"}
_AND_WITHIN = {"ar": "و", "cs": "a", "da": "og", "no": "og", "sl": "in"}
#: Scripts in which digits side by side are one number, as in 二〇一八.
_DIGIT_BY_DIGIT = frozenset({"ja", "zh"})
#: Longer words are no numbers, and numbers are read up to so many digits (characters).
_LONGEST = 60
_SAME_WORDS = {"bs": "hr", "ms": "id", "nn": "no", "sr": "hr", "yue": "zh"}

_WORDS = {
    "ar": """
        واحد/واحدة/احد/احدى اثنان/اثنين/اثنتان/اثنتين/اثنا/اثني/اثنتا/اثنتي ثلاثة/ثلاث اربعة/اربع خمسة/خمس ستة/ست
        سبعة/سبع ثمانية/ثماني/ثمان تسعة/تسع عشرة/عشر - - - - - - - - - عشرون/عشرين ثلاثون/ثلاثين اربعون/اربعين
        خمسون/خمسين ستون/ستين سبعون/سبعين ثمانون/ثمانين تسعون/تسعين مئة/مائة/مئات الف/الاف/الفا مليون/ملايين/مليونا
        مليار/مليارات/مليارا 200=مئتان/مئتين/مائتان/مائتين 2000=الفان/الفين 2000000=مليونان/مليونين
        """,
    "bg": """
        един/една/едно два/две/двама три/трима четири/четирима пет шест седем осем девет десет единадесет/единайсет
        дванадесет/дванайсет тринадесет/тринайсет четиринадесет/четиринайсет петнадесет/петнайсет
        шестнадесет/шестнайсет седемнадесет/седемнайсет осемнадесет/осемнайсет деветнадесет/деветнайсет
        двадесет/двайсет тридесет/трийсет четиридесет/четирийсет петдесет шестдесет/шейсет седемдесет осемдесет
        деветдесет сто/стотици хиляда/хиляди милион/милиона/милиони милиард/милиарда/милиарди 200=двеста 300=триста
        400=четиристотин 500=петстотин 600=шестстотин 700=седемстотин 800=осемстотин 900=деветстотин
        """,
    "ca": """
        un/una/u dos/dues tres quatre cinc sis set vuit/huit nou deu onze dotze tretze catorze quinze setze
        disset/desset divuit/devuit dinou/denou vint trenta quaranta cinquanta seixanta setanta vuitanta/huitanta
        noranta cent/cents/centes mil milió/milions miliard/miliards
        """,
    "cs": """
        jeden/jedna/jedno/jednoho/jedné dva/dvě/dvou/dvěma tři/tří/třem/třemi čtyři/čtyř/čtyřem/čtyřmi pět/pěti
        šest/šesti sedm/sedmi osm/osmi devět/devíti deset/deseti jedenáct/jedenácti dvanáct/dvanácti třináct/třinácti
        čtrnáct/čtrnácti patnáct/patnácti šestnáct/šestnácti sedmnáct/sedmnácti osmnáct/osmnácti
        devatenáct/devatenácti dvacet/dvaceti třicet/třiceti čtyřicet/čtyřiceti padesát/padesáti šedesát/šedesáti
        sedmdesát/sedmdesáti osmdesát/osmdesáti devadesát/devadesáti sto/sta/stě/set tisíc/tisíce/tisíců
        milion/miliony/milionů/milionu/milión/milióny/miliónů miliarda/miliardy/miliard/miliardu
        """,
    "da": """
        en/et/én/ét to tre fire fem seks syv otte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten
        tyve tredive/tredve fyrre/fyrretyve halvtreds/halvtredsindstyve tres/tresindstyve
        halvfjerds/halvfjerdsindstyve firs/firsindstyve halvfems/halvfemsindstyve hundrede/hundred/hundreder
        tusind/tusinde/tusinder million/millioner milliard/milliarder
        """,
    "el": """
        ένα/ένας/μία/μια/έναν δύο/δυο τρία/τρεις/τριών τέσσερα/τέσσερις/τεσσάρων πέντε έξι επτά/εφτά οκτώ/οχτώ
        εννέα/εννιά δέκα έντεκα δώδεκα δεκατρία/δεκατρείς δεκατέσσερα/δεκατέσσερις δεκαπέντε δεκαέξι/δεκάξι
        δεκαεπτά/δεκαεφτά δεκαοκτώ/δεκαοχτώ δεκαεννέα/δεκαεννιά είκοσι τριάντα σαράντα πενήντα εξήντα εβδομήντα
        ογδόντα ενενήντα εκατό/εκατόν χίλια/χίλιες/χίλιοι/χιλιάδες/χιλιάδων εκατομμύριο/εκατομμύρια/εκατομμυρίων
        δισεκατομμύριο/δισεκατομμύρια/δισεκατομμυρίων 200=διακόσια/διακόσιες/διακόσιοι
        300=τριακόσια/τριακόσιες/τριακόσιοι 400=τετρακόσια/τετρακόσιες/τετρακόσιοι
        500=πεντακόσια/πεντακόσιες/πεντακόσιοι 600=εξακόσια/εξακόσιες/εξακόσιοι 700=επτακόσια/επτακόσιες/επτακόσιοι
        800=οκτακόσια/οκτακόσιες/οκτακόσιοι 900=εννιακόσια/εννιακόσιες/εννιακόσιοι
        """,
    "fi": """
        yksi/yhden/yhtä kaksi/kahden/kahta kolme/kolmen/kolmea neljä/neljän/neljää viisi/viiden/viittä
        kuusi/kuuden/kuutta seitsemän/seitsemää kahdeksan/kahdeksaa yhdeksän/yhdeksää - - - - - - - - - - - - - - - -
        - - sata/sataa/sadan/satoja tuhat/tuhatta/tuhannen/tuhansia miljoona/miljoonaa/miljoonan/miljoonia
        miljardi/miljardia/miljardin/miljardeja ×10=kymmenen/kymmentä/kymmenien 11=yksitoista/yhdentoista
        12=kaksitoista/kahdentoista 13=kolmetoista/kolmentoista 14=neljätoista/neljäntoista
        15=viisitoista/viidentoista 16=kuusitoista/kuudentoista 17=seitsemäntoista 18=kahdeksantoista
        19=yhdeksäntoista
        """,
    # Hindi has a word of its own for each number up to a hundred.
    "hi": """
        एक दो तीन चार पांच/पाँच छह/छः/छे सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह/पन्द्रह सोलह सत्रह अठारह उन्नीस बीस
        तीस चालीस पचास साठ सत्तर अस्सी नब्बे सौ हज़ार/हजार मिलियन अरब 100000=लाख 10000000=करोड़/करोड 21=इक्कीस
        22=बाईस/बाइस 23=तेईस/तेइस 24=चौबीस 25=पच्चीस 26=छब्बीस 27=सत्ताईस/सत्ताइस 28=अट्ठाईस/अट्ठाइस 29=उनतीस 31=इकतीस
        32=बत्तीस 33=तैंतीस 34=चौंतीस 35=पैंतीस 36=छत्तीस 37=सैंतीस 38=अड़तीस 39=उनतालीस 41=इकतालीस 42=बयालीस
        43=तैंतालीस 44=चौवालीस 45=पैंतालीस 46=छियालीस 47=सैंतालीस 48=अड़तालीस 49=उनचास 51=इक्यावन 52=बावन 53=तिरेपन
        54=चौवन 55=पचपन 56=छप्पन 57=सत्तावन 58=अट्ठावन 59=उनसठ 61=इकसठ 62=बासठ 63=तिरेसठ 64=चौंसठ 65=पैंसठ 66=छियासठ
        67=सड़सठ 68=अड़सठ 69=उनहत्तर 71=इकहत्तर 72=बहत्तर 73=तिहत्तर 74=चौहत्तर 75=पचहत्तर 76=छिहत्तर 77=सतहत्तर
        78=अठहत्तर 79=उनासी 81=इक्यासी 82=बयासी 83=तिरासी 84=चौरासी 85=पचासी 86=छियासी 87=सत्तासी 88=अट्ठासी 89=नवासी
        91=इक्यानवे 92=बानवे 93=तिरानवे 94=चौरानवे 95=पचानवे 96=छियानवे 97=सत्तानवे 98=अट्ठानवे 99=निन्यानवे
        """,
    "hr": """
        jedan/jedna/jedno dva/dvije/dve tri četiri pet šest sedam osam devet deset jedanaest dvanaest trinaest
        četrnaest petnaest šesnaest sedamnaest osamnaest devetnaest dvadeset trideset četrdeset pedeset šezdeset
        sedamdeset osamdeset devedeset sto/stotinu/stotina/stotine tisuća/tisuće/tisuću/hiljada/hiljade/hiljadu
        milijun/milijuna/milijuni/milion/miliona/milioni milijarda/milijarde/milijardi/milijardu
        200=dvjesto/dvjesta/dvesto/dvesta 300=tristo/trista 600=šesto
        """,
    "hu": """
        egy kettő/két három négy öt hat hét nyolc kilenc tíz/tizen - - - - - - - - - húsz/huszon harminc negyven ötven
        hatvan hetven nyolcvan kilencven száz ezer/ezren millió milliárd
        """,
    "id": """
        satu dua tiga empat lima enam tujuh delapan/lapan sembilan sepuluh sebelas - - - - - - - - - - - - - - - -
        ratus/ratusan ribu/ribuan juta/jutaan miliar/miliaran/bilion ×10=puluh/puluhan 10=belas 100=seratus
        1000=seribu 1000000=sejuta
        """,
    "ja": """
        一/壱 二/弐/两 三/参 四 五 六 七 八 九 - - - - - - - - - - - - - - - - - - 百 千 - - 0=〇/零 ×10=十/拾
        10000=万/萬 100000000=億 1000000000000=兆
        """,
    "ko": """
        일/하나/한 이/둘/두 삼/셋/세 사/넷/네 오/다섯 육/륙/여섯 칠/일곱 팔/여덟 구/아홉 열 - - - - - - - - -
        스물/스무 서른 마흔 쉰 예순 일흔 여든 아흔 백 천 - - ×10=십 10000=만 100000000=억 1000000000000=조
        """,
    "no": """
        en/ei/et/ett/én/ein/eit to tre fire fem seks sju/syv åtte ni ti elleve tolv tretten fjorten femten seksten
        sytten atten nitten tjue/tyve tretti/tredve førti/førr femti seksti sytti åtti nitti hundre tusen/tusener
        million/millioner/millionar milliard/milliarder/milliardar
        """,
    "pl": """
        jeden/jedna/jedno/jednego/jednej dwa/dwie/dwóch/dwaj/dwoma/dwom/dwu trzy/trzech/trzej/trzem/trzema
        cztery/czterech/czterej/czterem/czterema pięć/pięciu sześć/sześciu siedem/siedmiu osiem/ośmiu
        dziewięć/dziewięciu dziesięć/dziesięciu jedenaście/jedenastu dwanaście/dwunastu trzynaście/trzynastu
        czternaście/czternastu piętnaście/piętnastu szesnaście/szesnastu siedemnaście/siedemnastu
        osiemnaście/osiemnastu dziewiętnaście/dziewiętnastu dwadzieścia/dwudziestu trzydzieści/trzydziestu
        czterdzieści/czterdziestu pięćdziesiąt/pięćdziesięciu sześćdziesiąt/sześćdziesięciu
        siedemdziesiąt/siedemdziesięciu osiemdziesiąt/osiemdziesięciu dziewięćdziesiąt/dziewięćdziesięciu sto/stu
        tysiąc/tysiące/tysięcy/tysiąca milion/miliony/milionów/miliona miliard/miliardy/miliardów/miliarda
        200=dwieście/dwustu 300=trzysta/trzystu 400=czterysta/czterystu 500=pięćset/pięciuset 600=sześćset/sześciuset
        700=siedemset/siedmiuset 800=osiemset/ośmiuset 900=dziewięćset/dziewięciuset
        """,
    "ro": """
        unu/una/un doi/două trei patru cinci șase/sase șapte/sapte opt nouă/noua zece unsprezece/unșpe
        doisprezece/douăsprezece/doișpe treisprezece/treișpe paisprezece/paișpe cincisprezece/cinșpe
        șaisprezece/șaișpe șaptesprezece/șapteșpe optsprezece/optișpe nouăsprezece/nouășpe douăzeci treizeci patruzeci
        cincizeci șaizeci șaptezeci optzeci nouăzeci sută/sute mie/mii milion/milioane miliard/miliarde
        """,
    "ru": """
        один/одна/одно/одного/одной/одну два/две/двух/двум/двумя/двое три/трех/трем/тремя/трое
        четыре/четырех/четырем/четырьмя/четверо пять/пяти/пятью шесть/шести/шестью семь/семи/семью
        восемь/восьми/восемью девять/девяти/девятью десять/десяти/десятью одиннадцать/одиннадцати
        двенадцать/двенадцати тринадцать/тринадцати четырнадцать/четырнадцати пятнадцать/пятнадцати
        шестнадцать/шестнадцати семнадцать/семнадцати восемнадцать/восемнадцати девятнадцать/девятнадцати
        двадцать/двадцати тридцать/тридцати сорок/сорока пятьдесят/пятидесяти шестьдесят/шестидесяти
        семьдесят/семидесяти восемьдесят/восьмидесяти девяносто/девяноста сто/ста тысяча/тысячи/тысяч/тысячу
        миллион/миллиона/миллионов/миллионы миллиард/миллиарда/миллиардов/миллиарды 200=двести/двухсот
        300=триста/трехсот 400=четыреста/четырехсот 500=пятьсот/пятисот 600=шестьсот/шестисот 700=семьсот/семисот
        800=восемьсот/восьмисот 900=девятьсот/девятисот
        """,
    "sk": """
        jeden/jedna/jedno/jedného/jednej dva/dve/dvoch/dvaja/dvom/dvoma tri/troch/traja/trom/troma
        štyri/štyroch/štyria/štyrom/štyrmi päť/piati/piatich šesť/šiesti/šiestich sedem/siedmi/siedmich
        osem/ôsmi/ôsmich deväť/deviati/deviatich desať/desiati/desiatich jedenásť dvanásť trinásť štrnásť pätnásť
        šestnásť sedemnásť osemnásť devätnásť dvadsať tridsať štyridsať päťdesiat šesťdesiat sedemdesiat osemdesiat
        deväťdesiat sto tisíc/tisíce/tisícov milión/milióny/miliónov/milióna miliarda/miliardy/miliárd/miliardu
        """,
    "sl": """
        ena/en/eno/eden dva/dve/dveh tri/trije/treh štiri/štirje/štirih pet/petih šest/šestih sedem/sedmih osem/osmih
        devet/devetih deset/desetih enajst dvanajst trinajst štirinajst petnajst šestnajst sedemnajst osemnajst
        devetnajst dvajset trideset štirideset petdeset šestdeset sedemdeset osemdeset devetdeset sto tisoč
        milijon/milijona/milijoni/milijonov/milijone milijarda/milijarde/milijard/milijardo
        """,
    "sv": """
        en/ett två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton/aderton
        nitton tjugo trettio/tretti fyrtio/fyrti femtio/femti sextio/sexti sjuttio/sjutti åttio/åtti nittio/nitti
        hundra tusen miljon/miljoner miljard/miljarder
        """,
    "tr": """
        bir iki üç dört beş altı yedi sekiz dokuz on - - - - - - - - - yirmi otuz kırk elli altmış yetmiş seksen
        doksan yüz bin milyon milyar
        """,
    "uk": """
        один/одна/одне/одного/однієї/одну два/дві/двох/двом/двома/двоє три/трьох/трьом/трьома/троє
        чотири/чотирьох/чотирьом/чотирма/четверо пять/пяти/пятьох шість/шести/шістьох сім/семи/сімох
        вісім/восьми/вісьмох девять/девяти/девятьох десять/десяти/десятьох одинадцять/одинадцяти дванадцять/дванадцяти
        тринадцять/тринадцяти чотирнадцять/чотирнадцяти пятнадцять/пятнадцяти шістнадцять/шістнадцяти
        сімнадцять/сімнадцяти вісімнадцять/вісімнадцяти девятнадцять/девятнадцяти двадцять/двадцяти тридцять/тридцяти
        сорок/сорока пятдесят/пятдесяти шістдесят/шістдесяти сімдесят/сімдесяти вісімдесят/вісімдесяти
        девяносто/девяноста сто/ста тисяча/тисячі/тисяч/тисячу мільйон/мільйони/мільйонів/мільйона
        мільярд/мільярди/мільярдів/мільярда 200=двісті/двохсот 300=триста/трьохсот 400=чотириста/чотирьохсот
        500=пятсот/пятисот 600=шістсот/шестисот 700=сімсот/семисот 800=вісімсот/восьмисот 900=девятсот/девятисот
        """,
    "vi": """
        một/mốt hai ba bốn/tư năm/lăm sáu bảy/bẩy tám chín mười - - - - - - - - - - - - - - - - - trăm nghìn/ngàn
        triệu tỷ/tỉ ×10=mươi
        """,
    "zh": """
        一/壹 二/两/兩/贰/貳 三/叁/參 四/肆 五/伍 六/陆 七/柒 八/捌 九/玖 - - - - - - - - - - - - - - - - - - 百/佰
        千/仟 - - 0=〇/零 ×10=十/拾 20=廿 10000=万/萬 100000000=亿/億 1000000000000=兆
        """,
}  # fmt: skip
#: Spellings that count as one: hamza, ё, cedillas; Arabic's vowel signs count for nothing.
_ALIKE = str.maketrans("أإآёşţ", "اااеșț") | dict.fromkeys([0x640, *range(0x64B, 0x653)])
_GAP = regex.compile(r"[\s-]*")


def whole_numbers(text: str, language: str) -> set[int]:
    """Numbers in words; none in a language without a table. Those below three count only as parts of others."""
    base = _known_language(language)
    return {number for run in _runs(text, base) for number in _combined(run, base) if number >= LEAST}


def is_number_word(word: str, language: str) -> bool:
    """Whether a word, as words are compared, is a number or made of numbers."""
    return bool(_values(word, _known_language(language)))


def multiplier(word: str, language: str) -> int | None:
    """What a word, as words are compared, multiplies a number before it by: a thousand or more."""
    values = _values(word, _known_language(language))
    return values[0][0] if len(values) == 1 and values[0][1] and values[0][0] >= 1000 else None


def _runs(text: str, base: str) -> Iterator[list[tuple[int, bool]]]:
    """Values of number words that follow each other, with "and" between them or nothing."""
    if base not in _WORDS:
        return
    joining = _AND.get(base, "").split()
    run: list[tuple[int, bool]] = []
    end = 0
    for token in tokens(text):
        values = _values(token.norm, base)
        near = _GAP.fullmatch(text, end, token.start) is not None
        if run and not (near and (values or token.norm in joining)):
            yield run
            run = []
        run.extend(values)
        end = token.end
    if run:
        yield run


def _combined(run: Sequence[tuple[int, bool]], base: str) -> Iterator[int]:
    if base in _DIGIT_BY_DIGIT and not any(times for _, times in run):
        yield int("".join(str(value) for value, _ in run[:_LONGEST]))
        return
    parts: list[int] = []
    for value, times in run:
        if times:
            smaller = 0
            while parts and parts[-1] < value:
                smaller += parts.pop()
            parts.append(max(smaller, 1) * value)
        elif not parts or parts[-1] % 10 ** len(str(value)) == 0:
            parts.append(value)
        elif base in _UNITS_FIRST and parts[-1] < 10 and value % 10 == 0:
            parts[-1] += value
        else:
            yield sum(parts)
            parts = [value]
    yield sum(parts)


@lru_cache(maxsize=65536)
def _values(word: str, base: str) -> tuple[tuple[int, bool], ...]:
    """What a word's parts stand for, and whether they multiply; nothing where one is no number."""
    table = _table(base)
    folded = word.translate(_ALIKE)
    if folded in table:
        return (table[folded],)
    parts = (_split(folded, base) if len(folded) <= _LONGEST else None) or ()
    return tuple(table[part] for part in parts if part in table)


@lru_cache(maxsize=65536)
def _split(word: str, base: str) -> tuple[str, ...] | None:
    if not word:
        return ()
    table, joining = _table(base), _AND_WITHIN.get(base)
    for end in range(len(word), 0, -1):
        if word[:end] in table or word[:end] == joining:
            rest = _split(word[end:], base)
            if rest is not None:
                return word[:end], *rest
    return None


@lru_cache(maxsize=64)
def _table(base: str) -> dict[str, tuple[int, bool]]:
    result: dict[str, tuple[int, bool]] = {}
    for place, field in enumerate(_WORDS.get(base, "").split()):
        named, _, words = field.rpartition("=")
        value = _VALUES[place] if not named else int(named.removeprefix("×"))
        times = value in _MULTIPLIERS or named == _TIMES_TEN
        result |= {word.translate(_ALIKE): (value, times) for form in words.split("/") for word in norms(form)}
    return result


def _known_language(language: str) -> str:
    base = main_language(language)
    return _SAME_WORDS.get(base, base)
