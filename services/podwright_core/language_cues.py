"""Words by which a spoken sentence shows that it needs its neighbours, is no statement, or is worth a listener's time.

By language; for a language without a table only what holds for all is looked at.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from podwright_core.writing_systems import base_language


@dataclass(frozen=True)
class Cues:
    #: Opens a sentence that points back to the one before it.
    leans_back: re.Pattern[str]
    #: Greets, thanks, says goodbye, or asks for subscribers.
    pleasantry: re.Pattern[str]
    #: What people say while they look for words.
    filler: re.Pattern[str]
    #: Stands for someone or something that another sentence names.
    pronoun: re.Pattern[str]
    #: Surprise, contrast, advice, cause: what makes people curious.
    interest: re.Pattern[str]
    #: Introduces a list of what an episode is about, before a colon.
    in_this_episode: str
    last_and: str


#: Per language: how sentences lean back (words; ``das_ist`` is two), then pleasantries, fillers and signs of interest
#: (patterns between semicolons), then the opening of a list of topics and the word before its last.
_WORDS: dict[str, tuple[str, str, str, str, str, str]] = {
    "en": (
        """
        and but so or nor because cause then also it its it's it'd it'll this that that's these those they
        they're they've their he he's she she's him his her we're here here's which what's yes yeah yep well
        okay ok right sure exactly anyway however still instead either neither same such me
        """,
        r"""
        welcome; thank(?:s| you); good ?bye; hello; hi there; my name is; i'm your host; subscribe; see you;
        stay tuned; tune in; listening to; rate (?:us|and); review us; show notes; sponsor\w*; brought to you;
        our website; follow us; join us; next (?:time|week); this week(?:'s)? episode;
        press (?:one|two|three|four|five|\d|pound|star); leave (?:us )?a (?:message|review);
        let's (?:get (?:started|into)|dive|jump); before we (?:start|begin); today (?:we|on|i|our);
        in (?:today's|this) (?:episode|show); (?:my|our) guest; in other news; and finally; moving on; next up
        """,
        r"""
        um+; uh+; er; erm; hmm+; mhm; you know; i mean; sort of; kind of; or something; or whatever; blah;
        and so on and so forth
        """,
        r"""
        never; nobody; no one; always; secret; mistakes?; surpris\w*; actually; truth; wrong; myth; instead;
        unless; because; the (?:only|most|best|worst|first|real|whole|hardest) \w+; why; the reason;
        turns out; not .{1,40} but; more than; less than; half; twice; imagine; remember; don't; doesn't;
        isn't; can't; must; should; need to; trick; learn\w*; chang\w+; fail\w*; afraid; love
        """,
        "In this episode",
        "and",
    ),
    "de": (
        """
        und aber oder denn dann also auch er sie es dies diese dieser dieses ihn ihm ihr wir's deshalb
        deswegen darum daher damit dabei dazu davon dort hier ja nein genau okay gut eben trotzdem doch
        jedenfalls außerdem weil das_ist das_war das_hat das_sind das_wird das_wäre
        """,
        r"""
        willkommen; danke; vielen dank; tschüss; hallo; guten (?:tag|morgen|abend); mein name ist; ich bin;
        abonnier\w*; bis (?:bald|nächste\w*); heute (?:sprechen|reden|geht); in dieser folge; mein gast;
        shownotes; präsentiert von; folgt uns
        """,
        r"""
        äh+m?; ähm+; hm+; sozusagen; quasi; irgendwie; halt; und so weiter; ne\?
        """,
        r"""
        nie(?:mals)?; niemand; immer; geheimnis; fehler; überrasch\w*; eigentlich; wahrheit; falsch; mythos;
        statt; sondern; weil; warum; der (?:einzige|beste|größte); nicht; mehr als; weniger als; doppelt;
        hälfte; muss; sollte; trick; lern\w*
        """,
        "In dieser Folge",
        "und",
    ),
    "fr": (
        """
        et mais ou car donc alors aussi il elle ils elles c'est ce cela ça cette ces celui ceux oui bon bien
        voilà ensuite puis pourtant cependant là ici parce
        """,
        r"""
        bienvenue; merci; au revoir; bonjour; bonsoir; je m'appelle; abonnez; à bientôt; dans cet épisode;
        aujourd'hui(?:,)? (?:nous|on); mon invité\w*
        """,
        r"""
        euh+; bah; ben; hein; en fait; genre; tu vois; vous voyez
        """,
        r"""
        jamais; personne; toujours; secret; erreurs?; surpren\w*; vérité; faux; mythe; parce que; pourquoi;
        mais; plus que; moins que; il faut; doit; ne .{1,20} pas; apprend\w*
        """,
        "Dans cet épisode",
        "et",
    ),
    "es": (
        """
        e pero o u porque entonces también él ella ellos ellas eso esto ese esa este esta estos esas ahí aquí
        allí sí bueno pues así luego sin además
        """,
        r"""
        bienvenid\w+; gracias; adiós; hola; buenos días; buenas (?:tardes|noches); me llamo; suscríb\w+;
        hasta (?:la próxima|luego|pronto); en este episodio; hoy (?:vamos|hablamos); mi invitad\w+
        """,
        r"""
        eh+; este\.\.\.; o sea; digamos; ¿no\?; ¿sabes\?
        """,
        r"""
        nunca; nadie; siempre; secreto; errores; error; sorpren\w+; verdad; falso; mito; porque; por qué;
        sino; más que; menos que; hay que; debe\w*; aprend\w+
        """,
        "En este episodio",
        "y",
    ),
    "it": (
        """
        e ed ma o perché allora anche lui lei loro questo questa questi queste quello quella ciò lì qui sì no
        bene ecco quindi poi però infatti
        """,
        r"""
        benvenut\w+; grazie; arrivederci; ciao; buongiorno; buonasera; mi chiamo; iscriv\w+; a presto;
        in questo episodio; in questa puntata; oggi parliamo; il mio ospite
        """,
        r"""
        ehm+; cioè; insomma; diciamo; tipo
        """,
        r"""
        mai; nessuno; sempre; segreto; errori; errore; sorpren\w+; verità; falso; mito; perché; invece;
        più di; meno di; bisogna; deve; impar\w+; non
        """,
        "In questo episodio",
        "e",
    ),
    "nl": (
        """
        en maar of want dan dus ook hij zij ze het dat dit deze die hem haar daar hier ja nee goed precies
        toch daarom omdat
        """,
        r"""
        welkom; dank; bedankt; tot ziens; hallo; goedemorgen; mijn naam is; abonneer\w*; tot (?:de )?volgende;
        in deze aflevering; vandaag (?:praten|hebben); mijn gast
        """,
        r"""
        uh+m?; eh+; zeg maar; weet je; eigenlijk wel
        """,
        r"""
        nooit; niemand; altijd; geheim; fout\w*; verra\w+; waarheid; mythe; want; omdat; waarom; niet;
        meer dan; minder dan; moet\w*; leer\w*
        """,
        "In deze aflevering",
        "en",
    ),
    "pt": (
        """
        e mas ou porque então também ele ela eles elas isso isto esse essa este esta aquilo lá aí aqui sim bom
        pois assim depois porém
        """,
        r"""
        bem-vind\w+; obrigad\w+; adeus; olá; bom dia; boa (?:tarde|noite); meu nome é; inscrev\w+;
        até (?:a próxima|logo|breve); neste episódio; hoje vamos; meu convidado
        """,
        r"""
        hum+; né; tipo assim; sabe\?; digamos
        """,
        r"""
        nunca; ninguém; sempre; segredo; erros?; surpre\w+; verdade; falso; mito; porque; por que; mais que;
        menos que; preciso; deve\w*; aprend\w+
        """,
        "Neste episódio",
        "e",
    ),
}


#: Per language: pronouns of the third person.
_PRONOUNS = {
    "en": "it it's they he she him her them this those these",
    "de": "er sie es ihm ihn ihnen dies diese",
    "fr": "il elle ils elles lui leur ceux celles",
    "es": "él ella ellos ellas eso esto",
    "it": "lui lei loro esso essa essi",
    "nl": "hij zij ze hem hen dit",
    "pt": "ele ela eles elas isso isto",
}


def _pattern(words: str) -> str:
    """``das_ist`` stands for two words."""
    return re.escape(words).replace("_", r"\s+")


@lru_cache(maxsize=16)
def cues(language: str) -> Cues | None:
    """The cues of a language, or None where there is no table for it."""
    words = _WORDS.get(base_language(language))
    if words is None:
        return None
    leaning, pronouns = (
        "|".join(map(_pattern, listed.split())) for listed in (words[0], _PRONOUNS[base_language(language)])
    )
    pleasantry, filler, interest = ("|".join(part.strip() for part in text.split(";")) for text in words[1:4])
    return Cues(
        leans_back=re.compile(rf"^\W*(?:{leaning})\b(?!['’])", re.IGNORECASE),
        pleasantry=re.compile(rf"(?<!\w)(?:{pleasantry})(?!\w)", re.IGNORECASE),
        filler=re.compile(rf"(?<!\w)(?:{filler})(?!\w)", re.IGNORECASE),
        pronoun=re.compile(rf"^\W*(?:[\w'’-]+\W+){{0,4}}(?:{pronouns})(?![\w'’])", re.IGNORECASE),
        interest=re.compile(rf"(?<!\w)(?:{interest})(?!\w)", re.IGNORECASE),
        in_this_episode=words[4],
        last_and=words[5],
    )
