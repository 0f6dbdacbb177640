"""Words that name nobody where nothing in their spelling tells a name from them: in languages without a capital for
names alone, and in others at the beginning of a sentence.

A text may use them although its sources do not. So none of them stands for one person, place or thing, for a number or
for a date.
"""

COMMON_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        # Nouns, measures at the end.
        "de": """
            abend abende abschied abstand alltag anfang anfänge angebot angst anlass ansicht antwort antworten anzahl
            arbeit arbeiten arbeiter arbeitsplatz art arten artikel arzt aufbau aufgabe aufgaben aufmerksamkeit auge
            augen augenblick ausbildung ausdruck auswahl auto autos baum bedarf bedeutung bedingung bedingungen
            begegnung beginn begriff beispiel beispiele beitrag beiträge bereich bereiche berg berge bericht berichte
            beruf berufe besitz besuch bevölkerung bewegung beziehung beziehungen bild bilder blatt blick blume blumen
            blätter boden boot boote brett brief briefe brot brücke buch bus bäume bücher bühne chance chancen chef
            chefin computer dank daten dauer debatte denken detail details ding dinge diskussion dorf druck duft
            dörfer eindruck einfluss eingang einheit einsatz einstieg eltern ende energie entdeckung entscheidung
            entscheidungen entwicklung entwicklungen episode episoden erde ereignis ereignisse erfahrung erfahrungen
            erfolg erfolge ergebnis ergebnisse erinnerung erinnerungen erklärung erklärungen erzählung essen
            experiment experimente experte experten expertin fabrik fach faden fahrrad fahrt fall familie familien
            farbe farben fehler feld felder fenster fest feuer feuerwehr figur film filme firma firmen fisch fleisch
            flugzeug fluss folge folgen form formen forschung fortschritt frage fragen frauen freiheit freude
            freund freunde freundin freundschaft frieden fuß fähigkeit fälle führung füße garn garten gast gebiet
            gebäude gedanke gedanken gefahr gefahren gefühl gefühle gegend gegensatz gegenstand gegenteil gegenwart
            geheimnis geheimnisse geld gelegenheit gemeinschaft generation genuss gericht geruch geräusch geräusche
            gesang geschenk geschichte geschichten geschmack geschäft geschäfte gesellschaft gesetz gesetze gesicht
            gespräch gespräche gesundheit gewalt gewicht gewinn glas glaube glück grenze grenzen grund grundlage
            gruppe gruppen größe gründe gäste hafen hand handel handwerk handwerker haus heimat herausforderung
            herausforderungen herd herz herzen hilfe himmel hintergrund hintergründe hinweis hinweise hoffnung holz
            hund hunde hunger häfen hände händler häuser höhe idee ideen information informationen inhalt inhalte
            innovation insel inseln interesse interessen jahr jahre jahren jugend junge kaffee kampf karte karten
            katze kenntnis kind kinder kindern kirche kirchen klang kleidung klänge koch kopf kosten kraft kreis krieg
            krise krisen kruste kräfte kuchen kultur kunde kunden kunst köpfe körper küche küste laden lage lager land
            landschaft lauf leben lehrer lehrerin leistung leitung leser leute leuten licht liebe lied lieder linie
            liste luft lust läden länder länge lärm lösung lösungen macht mal maler mann markt maschine maschinen
            material maß meer mehl mehrheit meinung meinungen meister mensch menschen methode methoden milch minute
            minuten misserfolg mitarbeiter mitglied mitglieder mitte mittel moment momente monat monate monaten morgen
            motiv musik mut mutter mythos männer mütter nachbar nachbarn nachfrage nachmittag nachricht nachrichten
            nacht nadel name namen nase natur netz nutzen nutzung nächte nähe objekt ofen ohr ohren ort orte papier
            partner partnerin pause person personen pferd pflanze pflanzen phase plan planung platz pläne plätze
            podcast podcasts position praxis preis preise problem probleme produkt produkte produktion programm
            projekt projekte prozess prozesse punkt punkte qualität quelle quellen rad rahmen rand rat raum reaktion
            realität recht rechte rede regel regeln regen region reihe reise reisen rezept rezepte richtung rolle
            rollen ruhe räume sache sachen salz sammlung sand satz schaden schatten schere schiff schiffe schlaf
            schluss schnee schritt schritte schule schulen schutz schwierigkeit schwierigkeiten schäden schüler see
            seite seiten sendung sendungen sicherheit sicht sinn sinne situation situationen sohn sonne sorge sorgen
            spaß spiel spiele spieler sport sprache sprachen sprung spur spuren staat stadt stand stau stein steine
            stelle stellen stern sterne stil stille stimme stimmen stimmung stoff strand straße straßen strecke streit
            strom studenten stuhl stunde stunden städte stück stücke suche system systeme szene sätze söhne tag tage
            tagen tat tatsache tatsachen team teams technik technologie tee teig teil teile temperatur text texte
            thema themen theorie tiefe tier tiere tinte tipp tipps tisch titel tochter tod ton tradition traum träume
            töchter töne tür türen uhr uhren umgang umgebung umstand umstände umwelt unfall unternehmen unterricht
            unterschied unterschiede unterstützung untersuchung ursache ursachen ursprung vater verantwortung
            verbindung verfahren vergangenheit vergleich verhalten verhältnis verkäufer verlauf verlust versuch
            versuche vertrag vertrauen veränderung veränderungen vogel voraussetzung vorbild vorgang vorschlag
            vorstellung vorteil vorteile väter vögel wachstum wagen wahl wahrheit wald wand wandel wasser weg wege
            weile weise welt welten werk werke werkstatt werkzeug werkzeuge wert werte wesen wetter widerstand wind
            wirklichkeit wirkung wirtschaft wissen wissenschaft woche wochen wohnung wort worte wunder wunsch wälder
            wörter wünsche zahl zahlen zeichen zeit zeiten zentrum zeug ziel ziele zimmer zucker zufall zug zugang
            zuhören zuhörer zuhörerinnen zukunft zusammenarbeit zusammenhang zusammenhänge zuschauer zustand zweck
            zweifel züge ängste ärzte öffentlichkeit überblick übergang überlegung überraschung überraschungen
            dollar euro grad gramm kilo kilogramm kilometer kilometern liter litern meter metern millimeter mio mrd
            prozent sekunde sekunden tonne tonnen zentimeter zentimetern
            """,
        "ja": """
            今回 番組 紹介 説明 話題 内容 方法 理由 秘密 大切 重要 簡単 必要 可能 場合 時間 時代 自分 本当 興味 魅力
            経験 世界 人々 仕事 生活
            方 回 事 物 時 何 前 後 日 年 分 話 見 聞 言 思 知 行 来 出 入 作 使 引 取 持 教 考 感
            """,
        "ko": """
            이번 오늘 에피소드 방송 이야기 소개 방법 이유 내용 대해 대한 통해 위해 함께 모든 많은 좋은 있는 없는 하는
            합니다 있습니다 됩니다
            """,
        "zh": """
            本期 这期 节目 介绍 讲述 分享 内容 关于 如何 怎么 为什么 因为 所以 但是 以及 可以 没有 我们 他们 大家 时候
            需要 重要 简单 时间 故事 方法 原因 生活 经验 世界 今天 这个 那个 什么 自己 一个 一些 已经 这样 那样
            的 了 是 在 和 与 也 就 都 很 不 我 你 他 她 它 这 那 有 着 过 吗 呢 吧 被 把 从 到 对 为 以 而 或 但 又
            还 要 会 能 说
            """,
        "ar": "حلقة الحلقة حديث قصة طريقة كيف لماذا",
        "he": "פרק הפרק סיפור של על עם את זה היא הוא לא כי איך למה",
        "hi": "एपिसोड कड़ी कहानी तरीका बात जानिए सुनिए",
        "th": "ตอนนี้ เรื่อง วิธี เกี่ยวกับ ทำไม และ ของ ที่ เป็น ใน การ ได้ ไม่",
        # What announcements begin with, and question words and the like that lists of stop words lack.
        "da": "alle dag før hvem hver hvordan hvornår hvorfor mellem siden så vores",
        "es": "acompáñanos aprende bienvenidos cuál cuándo cuánto descubra descubre dónde escucha episodio",
        "fr": "apprenez bienvenue combien découvre découvrez plongez rejoignez écoute écoutez épisode",
        "it": "ascolta ascoltate benvenuti così episodio impara inoltre oggi prima puntata quando scopri scoprite",
        "nl": "aflevering alle elke hoeveel luister ontdek onze sinds tussen vandaag volgens waar waarom wanneer welke",
        "pl": "odcinek odkryj posłuchaj",
        "pt": "acompanhe além aprenda assim descubra episódio hoje ouça quanto",
        "ru": "выпуск послушайте узнайте",
        "sv": "avsnitt lyssna upptäck",
    }.items()
}  # fmt: skip
