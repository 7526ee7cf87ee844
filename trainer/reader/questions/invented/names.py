"""Invents names of people, places, organisations, products and identifiers from a seed.

Knows syllables and patterns; knows no real person or firm, and not what a name is used for.
"""

from __future__ import annotations

from random import Random


def words(text: str) -> tuple[str, ...]:
    """The words of a text that is a list."""
    return tuple(text.split())


FIRST = words("""
    Ada Amara Anselm Aoife Björn Carla Chidi Daria Dmitri Eirik Elena Farid Fiona Gaspard
    Greta Hana Hiroshi Ilse Ines Ivo Jakub Jelena José Kaito Karim Keziah Lars Leïla
    Ludovic Lúcia Maeve Malik Marta Mateo Mei Milos Nadia Nils Noor Odile Olga Otto Paloma
    Pavel Priya Quentin Rafael Renée Rosa Samir Sanna Sergio Signe Søren Tamar Teodor
    Thandi Tomasz Ulrike Vera Wanjiru Xavier Yasmin Yusuf Zanele Zoë Arthur Beatrice Clive
    Dorothy Edwin Frances Graham Helen Ian Joyce Kenneth Lorna
""")
LAST = words("""
    Abelard Achterberg Adeyemi Almqvist Bakker Benítez Boateng Brandt Castellanos Cazalet
    Ĉerny Dahl Delacroix Demir Eklund Farrugia Fernández Fitzgerald Gallagher Grünwald
    Hadley Haugen Ibsen Ivanova Jansen Jónsdóttir Kamau Kowalski Kratochvíl Lindqvist Lobo
    Mac Mahlaba Marchetti Moreau Müller Nakamura Ndiaye Novák Ochoa Okonkwo Östberg
    Papadakis Petrov Quill Ramachandran Rasmussen Rossi Sandoval Schäfer Silva Sørensen
    Szabó Takahashi Tremblay Ulvang Vasquez Vickery Wójcik Yamamoto Zahradník Ziegler
    Ashdown Burrows Crane Dunmore
""")
PARTICLES = ("van der", "de", "von", "de la", "al-", "O'", "Mac", "dos", "van", "di")
STARTS = words("""
    Al An Ar Bal Bel Bor Bran Cal Car Cor Dal Dor Dun El Er Fal Fen Gal Gor Hal Har Hol
    Jor Kal Kel Kor Lan Lor Mar Mel Mor Nar Nor Or Ost Par Pel Quar Ral Ros Sal Sel Sol
    Tar Tel Tor Ul Val Ver Vol Wes Win Yar Zan
""")
MIDDLES = words("a e i o u an en ar el or ia ei on ur")
ENDS = words("""
    berg borough by bridge burg dale dor field ford gard ham haven hold land mere mond
    mont mouth nia ra ria stad stead stein thal ton tria vale vik ville wick wood worth
""")
COMPANY = words("""
    Systems Instruments Works Logistics Foods Energy Robotics Labs Optics Pharma Textiles
    Marine Aerospace Software Networks Materials Tools Motors Acoustics Ceramics Media
    Holdings Analytics
""")
FORMS = (
    "Ltd",
    "GmbH",
    "S.A.",
    "Inc.",
    "AB",
    "Oy",
    "B.V.",
    "plc",
    "A/S",
    "Cooperative",
    "LLC",
    "SpA",
)
PRODUCTS = words("""
    Orion Lyra Vega Falcon Condor Tundra Quanta Helix Nimbus Atlas Juno Pico Terra Nova
    Kestrel Sable Argon Onyx Zephyr Delta Comet Raven Pulse Strata Vertex Cobalt Ember
    Halo Iris Krill Mako Otter Puma Rune Sprint
""")
PLACE_WORDS = (
    "North",
    "South",
    "Upper",
    "Lower",
    "New",
    "Old",
    "Saint",
    "Port",
    "Lake",
    "Fort",
    "Great",
)
STREETS = ("Street", "Road", "Avenue", "Lane", "Quay", "Square", "Gate", "Hill", "Row", "Walk")
SOFTWARE = words("""
    quill harbor lantern marlin tessel graft burrow pebble cinder spindle ferry anvil
    bramble kettle sieve thicket mortar pylon ledger beacon rivet loom trellis gimbal
    wharf otterdb siltstore fluxq nettle
""")
DOMAINS = (
    "example.com",
    "example.org",
    "example.net",
    "corp.example",
    "city.example",
    "lab.example",
)


SETTING_WORDS = words("""
    cache idle max min upload retry session audit worker pool index log shadow mail proxy key
    queue page backup thread link token row limit timeout mode level path size count filter
""")
COMMAND_WORDS = words("""
    split merge list scan sort check pack print sign copy show repair page ticket font key row
    tree shard book
""")


def package_name(random: Random) -> str:
    """As package managers have them: 'libsiltro2', 'python3-gimbal', 'ferry-tools'."""
    stem = random.choice((root(random).lower(), random.choice(SOFTWARE)))
    number = random.choice(("", "", str(random.randint(1, 30)), f"{random.randint(1, 9)}.0"))
    shape = random.choice(
        ("lib{s}{n}", "python3-{s}", "{s}-{t}", "{s}", "{s}{n}-{t}", "lib{s}-perl", "node-{s}")
    )
    tail = random.choice(("common", "tools", "dev", "data", "utils", "server", "core", "bin"))
    return shape.format(s=stem, n=number, t=tail)


def setting_name(random: Random) -> str:
    """'MaxIdleWorkers', 'cache_ttl', 'log.level', '--retry-count', 'MAIL_MODE'."""
    parts = random.sample(SETTING_WORDS, random.randint(2, 3))
    return random.choice(
        (
            "".join(one.capitalize() for one in parts),
            "".join(one.capitalize() for one in parts),
            parts[0] + "".join(one.capitalize() for one in parts[1:]),
            "_".join(parts),
            ".".join(parts),
            f"--{'-'.join(parts)}",
            "_".join(parts).upper(),
        )
    )


def command_name(random: Random) -> str:
    """'splitpage', 'tickets scan', 'fontls'."""
    first, second = random.sample(COMMAND_WORDS, 2)
    program = random.choice(SOFTWARE)
    return random.choice((first + second, f"{program} {first}", f"{first}-{second}"))


def root(random: Random) -> str:
    """A made-up stem: 'Kalan', 'Morei'."""
    middle = random.choice(MIDDLES) if random.random() < 0.5 else ""
    return random.choice(STARTS) + middle


def town(random: Random) -> str:
    """A made-up town; one in five has a second word."""
    name = root(random) + random.choice(ENDS)
    return f"{random.choice(PLACE_WORDS)} {name}" if random.random() < 0.2 else name


def country(random: Random) -> str:
    """A made-up country."""
    name = root(random) + random.choice(
        ("ia", "stan", "land", "ora", "ania", "ovia", "istan", "esia", "mark")
    )
    shapes = (
        name,
        name,
        name,
        f"Republic of {name}",
        f"{random.choice(PLACE_WORDS[:5])} {name}",
        f"{name} Islands",
    )
    return random.choice(shapes)


def person(random: Random) -> str:
    """A made-up person, sometimes with a middle initial, a particle, a title or two surnames."""
    first, last = random.choice(FIRST), random.choice(LAST)
    draw = random.random()
    if draw < 0.12:
        particle = random.choice(PARTICLES)
        return f"{first} {particle}{'' if particle[-1] in '-’' + chr(39) else ' '}{last}"
    if draw < 0.2:
        return f"{first} {random.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
    if draw < 0.27:
        return f"{first} {last}-{random.choice(LAST)}"
    if draw < 0.33:
        return f"{random.choice(('Dr', 'Prof.', 'Dr.', 'Sir', 'Dame'))} {first} {last}"
    return f"{first} {last}"


def company(random: Random) -> str:
    """A made-up firm."""
    stem = random.choice((root(random), random.choice(LAST), random.choice(PRODUCTS), root(random)))
    if random.random() < 0.15:
        stem = f"{stem} & {random.choice(LAST)}"
    end = random.choice(COMPANY)
    return f"{stem} {end} {random.choice(FORMS)}" if random.random() < 0.5 else f"{stem} {end}"


def model(random: Random) -> str:
    """A product's model: 'Orion X2', 'TR-450', 'Vega 12 Pro'."""
    letters = "".join(random.choice("ABCDEFGHKLMNPRSTVXZ") for _ in range(random.randint(1, 3)))
    number = random.choice(
        (random.randint(2, 9), random.randint(10, 99), random.randint(1, 95) * 100)
    )
    word = random.choice(PRODUCTS)
    tails = ("Pro", "Mini", "Max", "SE", "Plus", "Lite", "II")
    shapes = (
        f"{word} {letters[0]}{number}",
        f"{letters}-{number}",
        f"{word} {number} {random.choice(tails)}",
    )
    return random.choice((*shapes, f"{word} {number}", f"{root(random)} {letters}{number}"))


def part_number(random: Random) -> str:
    """An identifier: '7A-20418-C', 'KX.3391.02', '90 234 11'."""
    a, b = random.choice("ABCDEFHKLMNPRTX"), random.choice("ABCDEFGH")
    n, m = random.randint(100, 99999), random.randint(1, 99)
    shapes = (
        f"{m}{a}-{n}-{b}",
        f"{a}{b}.{n % 10000:04d}.{m:02d}",
        f"{a}{n}/{m}",
        f"{a}{b}-{n}",
        f"{n}_{b}{m}",
    )
    return random.choice(shapes)


def software(random: Random) -> str:
    """A made-up program or library."""
    name = random.choice(SOFTWARE)
    return random.choice(
        (
            name,
            f"{name}ctl",
            f"lib{name}",
            f"{name}-{random.choice(SOFTWARE)}",
            f"py{name}",
            name.title(),
        )
    )


def environment_name(random: Random) -> str:
    """An environment variable: 'QUILL_LOG_DIR'."""
    parts = words("""
    LOG DIR CACHE PATH TIMEOUT MAX CONN POOL SIZE TOKEN URL HOST PORT RETRY LEVEL MODE
    ROOT TMP KEY ID
""")
    return "_".join(
        [random.choice(SOFTWARE).upper(), *random.sample(parts, random.choice((1, 2, 2, 3)))]
    )


def path(random: Random) -> str:
    """A file or folder."""
    tool = random.choice(SOFTWARE)
    folders = (
        "/etc",
        "/var/lib",
        "/var/log",
        "/opt",
        "/usr/share",
        "~/.config",
        "/srv",
        "C:\\ProgramData",
    )
    endings = (
        "",
        "/config.toml",
        f"/{tool}.conf",
        "/data",
        "/cache",
        f"/{tool}.log",
        "/keys.pem",
        "/rules.d/10-base.yml",
    )
    found = f"{random.choice(folders)}/{tool}{random.choice(endings)}"
    return found.replace("/", "\\") if found.startswith("C:") else found
