"""Made-up names such as honest people and companies have, to count false alarms on.

Given names and family names come from many cultures, in about the shares in which cross-border
payments of a broad membership have them. Family names are partly put together from stems and
endings, so that a batch has as many different words as a real one. No list and no register was
used; that a made-up name is listed by chance is possible, and the measurement leaves those out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from paritas.screening.entities import Kind

_Maker = Callable[[random.Random], str]

_SLAVIC_GIVEN = """Ivan Pyotr Nikita Anton Maxim Artyom Egor Roman Stanislav Yaroslav Timur Fyodor
Olga Tatiana Svetlana Ekaterina Natalia Marina Ksenia Polina Daria Yulia Milan Zoran Goran Dragan
Marek Tomasz Pawel Krzysztof Agnieszka Katarzyna Jana Petra Lucie Vesna Mirjana Bogdan Oksana"""
_SLAVIC_STEMS = """Ivan Petr Smirn Kuznets Sokol Lebed Kozl Novik Moroz Volk Zayts Solovy Vinograd
Bel Tikhomir Kudryavts Gus Barsuk Kalin Berez Yefrem Gorsh Kornil Fom Zhuravl Shcherb Pankrat Lug
Orl Stepan Rodion Krav Melnik Bond Shevch Tkach Nowak Kowal Wisn Lewand Zielin Dvor Hor Prochaz"""
_ARABIC_GIVEN = """Ahmed Mohamed Youssef Omar Khalid Faisal Hamza Bilal Karim Tariq Samir Nabil
Rashid Walid Ziad Fatima Aisha Layla Noor Mariam Salma Hanan Rania Yasmin Huda Amal Dina Reem Sami
Hisham Ayman Sherif Adel Mahmoud Hassan Ibrahim Mustafa Nasser Fahad Badr Majid Sultan"""
_ARABIC_FAMILY = """Haddad Khoury Nassar Mansour Saleh Farouk Zayed Habib Qasim Darwish Sabbagh
Halabi Masri Shami Baghdadi Najjar Attar Hakim Rifai Jaber Awad Othman Suleiman Tawfiq Barakat
Shaheen Bishara Ghanem Azzam Kanaan Taha Aziz Fakhoury Sayegh Mubarak Ramadan Shehata Gamal Lotfy"""
_CHINESE_FAMILY = """Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao
Luo Zheng Liang Xie Song Tang Deng Han Feng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du"""
_CHINESE_SYLLABLES = """wei fang na xiu ying min jing qiang lei yang jie tao ming chao ping gang
hua jun hong yan bo xin ling yun peng fei long mei xue yu chen hao zhi jia qi shan rui ning dan"""
_KOREAN_FAMILY = "Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song"
_KOREAN_SYLLABLES = """min jun seo yeon ji hoon hyun woo soo jin young eun kyung hee sung jae ho
tae in ah na mi ra bin chan gyu do yoon won seok"""
_INDIAN_GIVEN = """Rahul Priya Amit Anjali Vikram Sunita Rajesh Kavita Arjun Meera Suresh Deepa
Anil Pooja Sanjay Lakshmi Ravi Divya Manoj Neha Kiran Swati Ashok Geeta Harish Nandini Vivek Shreya
Prakash Rekha Ganesh Usha Naveen Asha Dinesh Ritu Mohan Sarita Karthik Padma"""
_INDIAN_FAMILY = """Sharma Patel Reddy Iyer Nair Gupta Mehta Joshi Desai Rao Chatterjee Banerjee
Mukherjee Das Bose Kulkarni Deshmukh Patil Naidu Menon Pillai Verma Agarwal Malhotra Kapoor Bhatt
Trivedi Shetty Hegde Krishnan Subramaniam Venkatesh Ramachandran Gowda Chauhan Rathore Thakur"""
_TURKISH_GIVEN = """Mehmet Ayse Emre Zeynep Burak Elif Murat Esra Ozan Selin Kerem Derya Volkan
Ebru Tolga Pinar Cem Asli Baris Gizem Serkan Tugba Hakan Nihan Onur Sevgi Erhan Melis Yigit Ece"""
_TURKISH_STEMS = """Yildiz Demir Kaya Celik Aydin Ozturk Arslan Dogan Kilic Aslan Cetin Kara Koc
Kurt Ozkan Simsek Polat Korkmaz Erdem Gunes Bulut Tas Aktas Toprak Bayrak Sahin Turan Ates Duman"""
_INDONESIAN = """Budi Siti Agus Dewi Hendra Rina Wahyu Sri Eko Ratna Bambang Indah Rizky Putri
Adi Fitri Dian Yanti Joko Lestari Arief Wulan Hartono Santoso Wijaya Kusuma Pratama Nugroho Saputra
Setiawan Gunawan Hidayat Utami Rahayu Permana Suryadi Halim Susanto Wibowo Purnomo Handayani"""
_THAI_GIVEN = """Somchai Siriporn Anan Kanya Prasert Malee Wichai Ratana Thaksin Nok Sombat Pimchanok
Chaiwat Suda Nattapong Araya Kittisak Orawan Pongsak Duangjai"""
_THAI_STEMS = "Suk Thong Chai Sri Wong Rat Phon Kit Sak Boon Charoen Prasert Siri Wattana Jit Nara"
_MALAY = """Azman Nurul Hafiz Farah Zulkifli Aminah Ismail Rosnah Faizal Haslinda Razak Norliza
Kamal Suhaila Shahrul Zainab Roslan Faridah Azlan Hasnah Daud Jamaliah Nizam Rohani"""
_KAZAKH_GIVEN = """Nurlan Aigerim Yerlan Dinara Askar Gulnara Daniyar Aliya Marat Saule Bauyrzhan
Zhanar Kairat Madina Serik Asel Arman Zarina Talgat Botagoz"""
_KAZAKH_STEMS = """Nurgali Abdrakhman Seit Zhaksy Bekmukhambet Tulegen Amangeldi Kassym Sadyk
Omar Zhuma Iskak Suleimen Kenzhe Mukan Baizak Ospan Alim Tursyn Dauren"""
_LATIN_GIVEN = """Juan Maria Carlos Ana Luis Carmen Jose Laura Miguel Paula Pedro Lucia Diego Sofia
Rafael Camila Joao Beatriz Tiago Mariana Bruno Larissa Felipe Fernanda Marco Giulia Luca Chiara
Matteo Elena Andrea Francesca Gustavo Renata Thiago Juliana Rodrigo Patricia Alejandro Valeria"""
_LATIN_FAMILY = """Garcia Fernandez Lopez Martinez Gonzalez Rodriguez Perez Sanchez Ramirez Torres
Silva Santos Oliveira Souza Pereira Costa Carvalho Almeida Ferreira Ribeiro Rossi Bianchi Romano
Ricci Marino Greco Conti Gallo Moreira Barbosa Cardoso Teixeira Navarro Ibarra Mendoza Castaneda
Villanueva Quintero Echeverria Zambrano Ocampo Fuentes Arriaga Benavides"""
_ENGLISH_GIVEN = """James Mary John Linda Robert Susan Michael Karen William Nancy David Emma Thomas
Olivia Daniel Grace Matthew Chloe Andrew Hannah George Sarah Peter Alice Simon Claire Stephen Helen
Mark Julie Brian Fiona Kevin Rachel Gareth Megan Duncan Eileen Callum Heather"""
_ENGLISH_STEMS = """Black White Brad Hart Stan Whit Wake Lang Ash Thorn Bland Cran Dun El Fair Glad
Hal Har Kings Lin Mar Nor Oak Pres Rad Red Shel Strat Swin Tem Wal Wes Win Wood York Bat Cul Den"""
_GERMAN_GIVEN = """Hans Anna Stefan Julia Thomas Sabine Andreas Petra Jens Katrin Lars Ingrid Sven
Birgit Erik Astrid Nils Marit Pieter Femke Jeroen Sanne Klaus Monika Uwe Silke Matthias Heike
Henrik Sofie Mikkel Freja Bjorn Elin Jari Aino Wouter Lotte"""
_GERMAN_STEMS = """Berg Stein Feld Wald Baum Holz Eisen Gold Silber Rosen Linden Eich Buch Winter
Sommer Schwarz Weiss Gross Klein Neu Alt Hoch Lang Kurz Stahl Bach Brunn Haber Korn Mandel Zimmer"""
_FRENCH_GIVEN = """Jean Marie Pierre Sophie Nicolas Camille Antoine Manon Julien Claire Mathieu
Isabelle Olivier Nathalie Guillaume Aurelie Benoit Sandrine Etienne Margaux Thierry Celine"""
_FRENCH_FAMILY = """Martin Bernard Dubois Durand Lefebvre Moreau Laurent Girard Fournier Mercier
Dupont Lambert Rousseau Blanchard Garnier Chevalier Faure Marchand Perrin Gauthier Boucher Renaud
Charpentier Delacroix Fontaine Lemoine Beaumont Vasseur Pelletier Collet"""
_AFRICAN_GIVEN = """Chinedu Ngozi Emeka Amaka Kwame Akosua Kofi Abena Thabo Nomsa Sipho Lerato
Wanjiru Kamau Otieno Achieng Tendai Rutendo Babajide Folake Olumide Yetunde Mamadou Aminata Ousmane
Fatou Moussa Awa Tesfaye Almaz Getachew Hirut Juma Neema Baraka Zawadi Mandla Zanele"""
_AFRICAN_FAMILY = """Okafor Adeyemi Mensah Boateng Dlamini Nkosi Mokoena Ndlovu Mwangi Njoroge
Odhiambo Moyo Chikwanha Adebayo Ogunleye Diallo Traore Ndiaye Keita Bekele Haile Wolde Mushi Massawe
Khumalo Sithole Asante Owusu Eze Nwosu Okonkwo Balogun Kiplagat Cheruiyot Wekesa Mutasa"""
_VIETNAMESE_FAMILY = "Nguyen Tran Le Pham Hoang Phan Vu Dang Bui Do Ngo Duong Ly Trinh Dinh Mai"
_VIETNAMESE_GIVEN = """Minh Anh Thuy Linh Quang Huong Duc Lan Tuan Hanh Hung Nga Thanh Trang Khoa
Phuong Long Yen Nam Thu Bao Chau Hieu Ngoc Dat Quynh Son Vy"""
_JAPANESE_GIVEN = """Haruto Yui Sota Aoi Kenji Yuko Takashi Keiko Hiroshi Naoko Daisuke Ayumi Ryo
Sakura Kazuki Emi Shota Mai Kenta Rie Yusuke Asuka"""
_JAPANESE_STEMS = "Yama Kawa Taka Naka Mura Mori Matsu Fuji Ishi Kuro Shima Oka Hara Ao Ume Saka"
_PERSIAN_GIVEN = """Arash Shirin Babak Parisa Kaveh Leila Farhad Mina Siamak Nasrin Dariush Sahar
Omid Azadeh Behzad Golnaz Kamran Roya Shahram Laleh"""
_PERSIAN_STEMS = """Rahim Karim Jafar Sadegh Ahmad Tehran Esfahan Shiraz Tabriz Kerman Rezaei Mirza
Bahram Shahin Kazem Nouri Zand Azar Farrokh Moin"""
_GREEK_GIVEN = "Giorgos Eleni Nikos Katerina Dimitris Sofia Kostas Ioanna Yannis Despina Vasilis"
_GREEK_STEMS = "Papa Kara Niko Theo Geor Anto Vasil Panag Kosta Stav Dimi Mavro Chrys Pavl Andre"

_ACTIVITIES = """Textiles Foods Logistics Engineering Plastics Ceramics Furniture Pharma Software
Fashion Motors Optics Packaging Printing Dairy Seafood Coffee Tea Spices Timber Paper Glass Tools
Pumps Valves Bearings Cables Batteries Solar Lighting Toys Sports Cosmetics Leather Footwear Garments
Carpets Jewellery Electronics Components Instruments Chemicals Coatings Fertilisers Seeds Feeds Farms
Bakery Beverages Wines Hotels Travel Consulting Design Media Publishing Education Clinics Dental
Medical Fitness Interiors Architects Builders Roofing Flooring Plumbing Elevators Robotics Automation
Sensors Drones Telecom Networks Cloud Analytics Insurance Brokers Leasing Freight Cargo Shipping
Trading Exports Imports International Industries Enterprises Holdings Group Partners Ventures Steel
Aluminium Copper Mining Marine Aviation Energy Oil Gas Water Recycling Environment Agro Machinery"""
_ADJECTIVES = """Golden Silver Blue Green Red Royal Grand Premier Prime Global Universal United Star
Sun Moon Ocean River Mountain Eagle Lion Tiger Phoenix Dragon Lotus Rose Pearl Diamond Crystal Alpha
Delta Omega Nova Apex Summit Pioneer Liberty Victory Unity Harmony Fortune Bright Swift Smart True
New First Modern Classic Central Northern Southern Eastern Western Pacific Atlantic Continental"""
_PLACES = """Anatolia Bosphorus Ganges Deccan Malabar Bengal Java Sumatra Borneo Siam Mekong Penang
Malacca Nile Delta Sinai Cairo Altai Steppe Almaty Astana Baltic Volga Ural Siberia Amazonia Bahia
Parana Cape Transvaal Natal Zambezi Savanna Sahel Yangtze Pearl Canton Hunan Jade Rhine Danube Alps
Nordic Iberia Provence Lombardy Tuscany Bavaria Flanders Highland Celtic Andes Pampas Patagonia"""
_FORMS_BY_PLACE = (
    "Ltd", "Limited", "LLC", "Inc.", "GmbH", "AG", "S.A.", "S.p.A.", "B.V.", "Pvt. Ltd.",
    "Pte Ltd", "Sdn Bhd", "PT", "OOO", "TOO", "A.S.", "Ltda", "S.L.", "SARL", "Co., Ltd.",
    "Corporation", "Company", "plc", "(Pty) Ltd", "W.L.L.", "JSC", "K.K.", "AB", "Oy", "",
)  # fmt: skip


def _slavic(dice: random.Random) -> str:
    given = dice.choice(_SLAVIC_GIVEN.split())
    family = dice.choice(_SLAVIC_STEMS.split()) + dice.choice(
        ("ov", "ev", "in", "sky", "enko", "chuk", "ovic", "ska", "ova", "yan", "ik", "ak")
    )
    if dice.random() < 0.3:
        father = dice.choice(_SLAVIC_GIVEN.split()[:12])
        return f"{given} {father}{dice.choice(('ovich', 'evich', 'ovna'))} {family}"
    return f"{given} {family}"


def _arabic(dice: random.Random) -> str:
    family = dice.choice(_ARABIC_FAMILY.split())
    if dice.random() < 0.4:
        family = dice.choice(("Al-", "El ", "Al ")) + family
    given = dice.choice(_ARABIC_GIVEN.split())
    if dice.random() < 0.5:
        given += f" {dice.choice(_ARABIC_GIVEN.split())}"
    return f"{given} {family}"


def _chinese(dice: random.Random) -> str:
    syllables = _CHINESE_SYLLABLES.split()
    given = (dice.choice(syllables) + dice.choice(("", *syllables, *syllables))).capitalize()
    family = dice.choice(_CHINESE_FAMILY.split())
    return f"{family} {given}" if dice.random() < 0.6 else f"{given} {family}"


def _korean(dice: random.Random) -> str:
    first, second = dice.sample(_KOREAN_SYLLABLES.split(), 2)
    joint = dice.choice(("-", " ", ""))
    return f"{dice.choice(_KOREAN_FAMILY.split())} {first.capitalize()}{joint}{second}"


def _two(given: str, family: str, middle: float = 0.0) -> _Maker:
    givens, families = given.split(), family.split()

    def make(dice: random.Random) -> str:
        name = dice.choice(givens)
        if dice.random() < middle:
            name += f" {dice.choice(givens)}"
        return f"{name} {dice.choice(families)}"

    return make


def _built(given: str, stems: str, endings: str) -> _Maker:
    givens, roots, ends = given.split(), stems.split(), endings.split()

    def make(dice: random.Random) -> str:
        return f"{dice.choice(givens)} {dice.choice(roots)}{dice.choice(ends)}"

    return make


def _latin(dice: random.Random) -> str:
    first, second = dice.sample(_LATIN_FAMILY.split(), 2)
    given = dice.choice(_LATIN_GIVEN.split())
    if dice.random() < 0.25:
        given += f" {dice.choice(_LATIN_GIVEN.split())}"
    return f"{given} {first} {second}" if dice.random() < 0.6 else f"{given} {first}"


def _vietnamese(dice: random.Random) -> str:
    first, second = dice.sample(_VIETNAMESE_GIVEN.split(), 2)
    return f"{dice.choice(_VIETNAMESE_FAMILY.split())} {first} {second}"


def _single_or_two(words: str) -> _Maker:
    pool = words.split()

    def make(dice: random.Random) -> str:
        return " ".join(dice.sample(pool, dice.choice((2, 2, 3))))

    return make


_CULTURES: tuple[tuple[int, _Maker], ...] = (
    (12, _slavic),
    (10, _arabic),
    (14, _chinese),
    (4, _korean),
    (14, _two(_INDIAN_GIVEN, _INDIAN_FAMILY, 0.2)),
    (6, _built(_TURKISH_GIVEN, _TURKISH_STEMS, "oglu er can lar tas li soy gil el kan")),
    (6, _single_or_two(_INDONESIAN)),
    (4, _built(_THAI_GIVEN, _THAI_STEMS, "sombat kul chai wong porn nan suwan phan thong rat")),
    (4, _single_or_two(_MALAY)),
    (4, _built(_KAZAKH_GIVEN, _KAZAKH_STEMS, "ov ova uly kyzy bekov bayev bayeva kulov")),
    (10, _latin),
    (6, _built(_ENGLISH_GIVEN, _ENGLISH_STEMS, "ford ley ton ham well wood field by man son er")),
    (5, _built(_GERMAN_GIVEN, _GERMAN_STEMS, "mann er berg feld bauer sen inger hof meier son")),
    (3, _two(_FRENCH_GIVEN, _FRENCH_FAMILY, 0.2)),
    (9, _two(_AFRICAN_GIVEN, _AFRICAN_FAMILY, 0.1)),
    (4, _vietnamese),
    (3, _built(_JAPANESE_GIVEN, _JAPANESE_STEMS, "moto da no saki zawa shita guchi kawa ta be")),
    (4, _built(_PERSIAN_GIVEN, _PERSIAN_STEMS, "i zadeh pour nejad ian nia far doust")),
    (2, _built(_GREEK_GIVEN, _GREEK_STEMS, "poulos dakis idis akis ou dopoulos ellis iou")),
)
_WEIGHTS = [weight for weight, _ in _CULTURES]


def ordinary_person(dice: random.Random) -> str:
    """Return a made-up person's name, in any of three ways of writing it."""
    (maker,) = dice.choices([maker for _, maker in _CULTURES], _WEIGHTS)
    name = maker(dice)
    way = dice.random()
    if way < 0.1:
        first, _, rest = name.partition(" ")
        return f"{rest}, {first}"
    if way < 0.15:
        first, _, rest = name.partition(" ")
        return f"{first[0]}. {rest}"
    return name.upper() if way < 0.6 else name


def ordinary_company(dice: random.Random) -> str:
    """Return a made-up company's name."""
    (maker,) = dice.choices([maker for _, maker in _CULTURES], _WEIGHTS)
    family = maker(dice).split(" ")[-1]
    activities = dice.sample(_ACTIVITIES.split(), 2)
    adjective, place = dice.choice(_ADJECTIVES.split()), dice.choice(_PLACES.split())
    name = dice.choice(
        (
            f"{family} {activities[0]}",
            f"{family} & {maker(dice).split(' ')[-1]}",
            f"{family} {activities[0]} {activities[1]}",
            f"{adjective} {activities[0]}",
            f"{adjective} {place} {activities[0]}",
            f"{place} {activities[0]}",
            f"{place} {activities[0]} and {activities[1]}",
            f"{adjective} {family} {activities[0]}",
            f"{_coined(dice)} {activities[0]}",
            f"{_coined(dice)} {activities[0]} {place}",
        )
    )
    name = f"{name} {dice.choice(_FORMS_BY_PLACE)}".strip()
    return name.upper() if dice.random() < 0.5 else name


def _coined(dice: random.Random) -> str:
    """Return a brand such as companies make up."""
    starts = [
        "Ver",
        "Nex",
        "Lum",
        "Qua",
        "Tri",
        "Syn",
        "Zen",
        "Max",
        "Pro",
        "Ori",
        "Cal",
        "Ben",
        "Tor",
        "Vis",
        "Alt",
        "Eco",
        "Fin",
        "Gen",
        "Hel",
        "Kor",
    ]
    middles = ["a", "o", "i", "e", "ta", "ro", "li", "mo", "va", "ne", "di"]
    ends = [
        "tek",
        "nova",
        "lux",
        "gen",
        "com",
        "rix",
        "sol",
        "via",
        "dyn",
        "tech",
        "pack",
        "form",
        "line",
        "trade",
        "med",
        "plex",
        "ware",
        "tex",
    ]
    return dice.choice(starts) + dice.choice(middles) + dice.choice(ends)


def ordinary_names(count: int, seed: int) -> Iterator[tuple[str, Kind]]:
    """Yield ``count`` made-up names with their kinds, half persons and half companies."""
    dice = random.Random(seed)
    for number in range(count):
        if number % 2:
            yield ordinary_company(dice), Kind.ORGANISATION
        else:
            yield ordinary_person(dice), Kind.PERSON
