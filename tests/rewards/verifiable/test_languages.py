"""Languages are told by sentences of our own, long ones and short ones."""

import pytest

from whet.rewards.verifiable._languages import chance, codes, share, told

LONG = {
    "en": "Our teacher explained that the answer depends on how the question is understood.",
    "de": "Unsere Lehrerin erklärte, dass die Antwort davon abhängt, wie man die Frage versteht.",
    "fr": "Notre professeur expliquait que la réponse dépend de la façon de comprendre la question.",
    "es": "Nuestra profesora explicó que la respuesta depende de cómo se entienda la pregunta.",
    "it": "La nostra insegnante spiegò che la risposta dipende da come si intende la domanda.",
    "pt": "Nossa professora explicou que a resposta depende de como a pergunta é entendida.",
    "nl": "Onze lerares legde uit dat het antwoord afhangt van hoe je de vraag begrijpt.",
    "pl": "Nasza nauczycielka wyjaśniła, że odpowiedź zależy od tego, jak rozumie się pytanie.",
    "tr": "Öğretmenimiz cevabın sorunun nasıl anlaşıldığına bağlı olduğunu anlattı.",
    "fi": "Opettajamme selitti, että vastaus riippuu siitä, miten kysymys ymmärretään.",
    "vi": "Cô giáo của chúng tôi giải thích rằng câu trả lời phụ thuộc vào cách hiểu câu hỏi.",
    "sw": "Mwalimu wetu alieleza kwamba jibu linategemea jinsi swali linavyoeleweka.",
    "ru": "Наша учительница объяснила, что ответ зависит от того, как понимать вопрос.",
    "uk": "Наша вчителька пояснила, що відповідь залежить від того, як розуміти запитання.",
    "bg": "Нашата учителка обясни, че отговорът зависи от това как се разбира въпросът.",
    "ar": "شرحت معلمتنا أن الجواب يعتمد على طريقة فهم السؤال.",
    "fa": "معلم ما توضیح داد که پاسخ به چگونگی فهمیدن پرسش بستگی دارد.",
    "ur": "ہماری استانی نے بتایا کہ جواب اس بات پر منحصر ہے کہ سوال کو کیسے سمجھا جائے۔",
    "hi": "हमारी शिक्षिका ने समझाया कि उत्तर इस पर निर्भर है कि प्रश्न को कैसे समझा जाए।",
    "mr": "आमच्या शिक्षिकेने सांगितले की उत्तर प्रश्न कसा समजला जातो यावर अवलंबून आहे.",
    "ne": "हाम्री शिक्षिकाले उत्तर प्रश्न कसरी बुझिन्छ भन्नेमा भर पर्छ भनेर बताउनुभयो।",
    "ja": "先生は、答えは問いをどう理解するかによると説明した。",
    "zh": "我们的老师解释说，答案取决于怎样理解这个问题。",
    "ko": "우리 선생님은 대답이 질문을 어떻게 이해하느냐에 달려 있다고 설명하셨다.",
    "th": "ครูของเราอธิบายว่าคำตอบขึ้นอยู่กับว่าเข้าใจคำถามอย่างไร",
    "he": "המורה שלנו הסבירה שהתשובה תלויה בדרך שבה מבינים את השאלה.",
    "el": "Η δασκάλα μας εξήγησε ότι η απάντηση εξαρτάται από το πώς καταλαβαίνεις την ερώτηση.",
    "bn": "আমাদের শিক্ষিকা বললেন যে উত্তর নির্ভর করে প্রশ্নটি কীভাবে বোঝা হয় তার উপর।",
    "ta": "பூனை தூங்குகிறது, நாம் தாமதிக்கக் கூடாது.",
    "te": "పిల్లి నిద్రపోతోంది, మనం ఆలస్యం చేయకూడదు.",
    "kn": "ಬೆಕ್ಕು ಮಲಗಿದೆ, ನಾವು ತಡ ಮಾಡಬಾರದು.",
    "gu": "બિલાડી સૂઈ રહી છે, આપણે મોડું ન કરવું જોઈએ.",
    "pa": "ਬਿੱਲੀ ਸੌਂ ਰਹੀ ਹੈ, ਸਾਨੂੰ ਦੇਰ ਨਹੀਂ ਕਰਨੀ ਚਾਹੀਦੀ।",
    "ml": "പൂച്ച ഉറങ്ങുകയാണ്, നമ്മൾ വൈകരുത്.",
}
SHORT = {
    "en": ("The cat sleeps.", "Good morning, everyone!", "I love music.", "Where are you going?"),
    "de": (
        "Die Katze schläft.",
        "Guten Morgen, alle zusammen!",
        "Ich liebe Musik.",
        "Wohin gehst du?",
    ),
    "fr": ("Le chat dort.", "Bonjour tout le monde !", "J'aime la musique.", "Où vas-tu ?"),
    "es": ("El gato duerme.", "¡Buenos días a todos!", "Me encanta la música.", "¿Adónde vas?"),
    "it": ("Il gatto dorme.", "Buongiorno a tutti!", "Amo la musica.", "Dove stai andando?"),
    "pt": ("O gato dorme.", "Bom dia a todos!", "Eu adoro música.", "Aonde você vai?"),
    "nl": ("De kat slaapt.", "Goedemorgen allemaal!", "Ik hou van muziek.", "Waar ga je heen?"),
    "pl": ("Kot śpi.", "Dzień dobry wszystkim!", "Kocham muzykę.", "Dokąd idziesz?"),
    "tr": ("Kedi uyuyor.", "Herkese günaydın!", "Müziği seviyorum.", "Nereye gidiyorsun?"),
    "fi": (
        "Kissa nukkuu.",
        "Hyvää huomenta kaikille!",
        "Rakastan musiikkia.",
        "Minne olet menossa?",
    ),
    "vi": ("Con mèo đang ngủ.", "Chào buổi sáng mọi người!", "Tôi yêu âm nhạc.", "Bạn đi đâu vậy?"),
    "sw": ("Paka analala.", "Habari za asubuhi nyote!", "Ninapenda muziki.", "Unaenda wapi?"),
    "ru": ("Кошка спит.", "Всем доброе утро!", "Я люблю музыку.", "Куда ты идёшь?"),
    "uk": ("Кішка спить.", "Усім доброго ранку!", "Я люблю музику.", "Куди ти йдеш?"),
    "bg": ("Котката спи.", "Добро утро на всички!", "Обичам музиката.", "Къде отиваш?"),
    "ar": ("القطة نائمة.", "صباح الخير للجميع!", "أحب الموسيقى.", "إلى أين تذهب؟"),
    "fa": ("گربه خوابیده است.", "صبح همگی بخیر!", "من عاشق موسیقی هستم.", "کجا می\u200cروی؟"),
    "ur": ("بلی سو رہی ہے۔", "سب کو صبح بخیر!", "مجھے موسیقی پسند ہے۔", "تم کہاں جا رہے ہو؟"),
    "hi": ("बिल्ली सो रही है।", "सभी को सुप्रभात!", "मुझे संगीत पसंद है।", "तुम कहाँ जा रहे हो?"),
    "mr": ("मांजर झोपले आहे.", "सर्वांना सुप्रभात!", "मला संगीत आवडते.", "तू कुठे चालला आहेस?"),
    "ne": ("बिरालो सुतिरहेको छ।", "सबैलाई शुभ प्रभात!", "मलाई सङ्गीत मन पर्छ।", "तिमी कहाँ जाँदैछौ?"),
    "ja": (
        "猫が寝ている。",
        "皆さん、おはようございます！",
        "音楽が大好きです。",
        "どこへ行くの？",
    ),
    "zh": ("猫在睡觉。", "大家早上好！", "我喜欢音乐。", "你要去哪里？"),
    "ko": ("고양이가 자고 있다.", "모두 좋은 아침입니다!", "나는 음악을 사랑해요.", "어디로 가니?"),
    "th": ("แมวกำลังนอนหลับ", "สวัสดีตอนเช้าทุกคน", "ฉันรักดนตรี", "คุณจะไปไหน"),
    "he": ("החתול ישן.", "בוקר טוב לכולם!", "אני אוהב מוזיקה.", "לאן אתה הולך?"),
    "el": ("Η γάτα κοιμάται.", "Καλημέρα σε όλους!", "Αγαπώ τη μουσική.", "Πού πηγαίνεις;"),
    "bn": ("বিড়াল ঘুমাচ্ছে।", "সবাইকে শুভ সকাল!", "আমি গান ভালোবাসি।", "তুমি কোথায় যাচ্ছ?"),
}


@pytest.mark.parametrize("code", LONG)
def test_a_sentence_is_told(code):
    text = LONG[code]
    assert told(text) == told(text.upper()) == code
    assert share(text, code) == 1
    assert chance(text, code) > 0.5


def test_most_short_sentences_are_told_and_few_wrongly():
    found = [told(text) == code for code, texts in SHORT.items() for text in texts]
    assert sum(found) >= 0.95 * len(found)


@pytest.mark.parametrize(
    "text",
    ["", "42", "42 = 6 · 7", "\\frac{1}{2}", "x = 3, so 2x = 6.", "def f(x):\n    return x", "ok"],
)
def test_what_is_hardly_a_text_is_in_no_language(text):
    assert told(text) == ""


def test_english_among_formulas_is_english():
    assert told("<think>\nWe need $x$.\n</think>\nTherefore $x^2 + 1 = 0$ has no root.") == "en"
    assert told("The answer is 42.") == "en"


def test_a_chance_tells_what_another_language_is_not():
    assert all(chance(text, "en") < 0.001 for code, text in LONG.items() if code != "en")
    assert all(chance(text, "en") > 0.3 for text in SHORT["en"])


def test_every_language_has_a_script_and_the_model_knows_it():
    assert len(codes()) == 54
    for code in codes():
        assert 0 <= chance(LONG["en"], code) <= 1
        assert share("one 一 один", code) < 1
