"""Labels whose values run over several clauses: policies, terrain, histories, conditions.

Text only, in the form that things.py explains.
"""

# ruff: noqa: E501

LONG = """
# region | {name town} {choice County;District;Valley;Province} | area
[Nature]
terrain = landscape | text mostly {choice rolling;flat;rugged} {choice plains;hills;plateau} in the {choice north;west}, with {choice limestone;basalt;granite} mountains up to {qty 900 4000 m} along the {choice eastern;southern} border and a narrow coastal strip // low-lying {choice delta;marsh;dune} country cut by the {name town} river; uplands begin {qty 20 90 km} inland // volcanic islands, {qty 3 40} of them inhabited, surrounded by reefs and steep cliffs | what does the land in {e} look like? // what is the ground like in {e}?
climate = weather | text {choice mild;cold;dry} in the {choice lowlands;north}, with an average of {qty 4 30 °C}; {choice heavy snow;fog;thunderstorms} from {choice November to March;May to July} and long, {choice dry;humid;windy} summers inland // two rainy seasons, the longer from March to June and the shorter in {choice October;November}, separated by cool and cloudy months | what weather does {e} have over the year?
environmental issues = environment - current issues | text {choice soil erosion;overgrazing;deforestation} on the slopes; pollution of the {name town} river by {choice tanneries;pulp mills;farm run-off}; {choice shortage of drinking water in summer;loss of wetlands;acid rain} | which environmental problems has {e}?
wildlife = animals | text home to {choice lynx, otters and eagle owls;flamingos, jackals and monitor lizards;seals and about 40 species of sea birds}; hunting is permitted from {choice September to January;1 October to 15 December} with a licence only | which animals live in {e}?
[Society and law]
history = background | text settled by {choice fishermen;monks;traders} from {name town} in the {choice ninth;twelfth;fifteenth} century, ruled by the dukes of {name town} until {year 1600 1850}, and self-governing since the reform of {year 1860 1990} // founded in {year 1600 1890} as a {choice mining colony;garrison;trading post}; joined {name country} after the referendum of {date 1900 1960} | what is the history of {e}? // how did {e} come about?
legal system = law | text mixed system of {choice civil;common;customary} law and {choice religious;tribal;colonial} codes; appeals go to the High Court in {name town}, whose {qty 5 15} judges sit until the age of {qty 65 75} | what kind of law applies in {e}?
citizenship = residence permit | text by descent from at least one parent; naturalisation after {qty 3 15 years} of residence, with a language test and without a criminal record; dual citizenship is {choice allowed;not recognised} | how does one become a citizen of {e}?
military service = conscription | text compulsory for {choice men;men and women} from {qty 18 20} years of age, {qty 6 18 months}; conscientious objectors serve {qty 9 24 months} in hospitals or fire brigades // none; voluntary from the age of {qty 17 19}, for at least {qty 2 6 years} | who has to serve in the army of {e} and how long?
economy = economic overview | text largely {choice agricultural;industrial;based on tourism}, {choice wool;copper;wine} making up {pct 20 70} of exports; growth slowed after {year 2005 2020} because of {choice drought;falling prices;the closing of the port}; aid from {name country} covers the deficit | what does the economy of {e} rest on?
education = schooling | text free and compulsory between {qty 5 7} and {qty 14 18} years of age; {qty 2 9} universities, the oldest founded in {year 1400 1900}, and evening schools in every town | how is schooling organised in {e}?
health care = health system | text paid from taxes, with a fee of {money 2 20} per visit; {qty 2 30} hospitals, and {qty 1 6 doctors} per thousand inhabitants; ambulances can be called on {qty 100 999} | how does health care work in {e}?
energy supply = energy | text {pct 40 80} hydropower, the rest from {choice wind;imported gas;a coal plant near the port}; the grid is linked to {name country} by a cable of {qty 50 900 MW} under the sea | where does {e} get its energy?
# service agreement | {name company} {choice support;hosting;maintenance;cleaning;catering;transport} agreement | contract
[Terms]
scope of services = services | text {choice daily;weekly;monthly} inspection of all units, replacement of worn parts up to {money 50 900} without asking, and a written report by the {qty 3 15}th of each month // hosting on two separate sites, nightly backups kept for {qty 7 90 days}, and security updates within {qty 24 72 hours} | what is done under {e}? // what does {e} cover?
response times = reaction time | text critical faults: {qty 1 4 hours} around the clock; serious faults: {qty 6 12 hours} on working days; all others by the end of the {choice second;third;fifth} working day | how fast must a fault be answered under {e}?
payment terms = payment | text {qty 14 60 days} after the invoice, {pct 1 4} discount within {qty 7 10 days}; late payment is charged at {pct 4 12} a year, with a fee of {money 5 40} for each reminder | how must be paid under {e}? // when are invoices due under {e}?
liability = limitation of liability | text limited to {money 5000 900000} per event and to the yearly fee in total, except for {choice intent and gross negligence;injury to persons;loss of data kept without backup} | how far does the supplier answer for damage under {e}?
termination = ending the agreement | text by either side with {qty 1 6 months} notice to the end of a {choice quarter;calendar year}; at once if the other side has not paid for {qty 30 90 days} or breaks its duties twice in spite of a warning | how can {e} be ended?
confidentiality = secrecy | text all business and technical facts, for {qty 2 10 years} after the end; not what was public before or has to be told to a court or an authority | what has to be kept secret under {e}?
price adjustment = price changes | text once a year on {choice 1 January;1 April}, following the consumer price index, by no more than {pct 2 8}; a larger rise gives a right to leave within {qty 4 8 weeks} | how may prices change under {e}?
data protection = personal data | text processed in {name country} only, by staff bound to secrecy; deleted {qty 30 180 days} after the end, unless the law asks for longer keeping | what happens with personal data under {e}?
governing law = jurisdiction | text the law of {name country}, without its conflict rules; the courts of {name town} alone are competent | which law and courts apply to {e}?
# dam | {name town} Dam | reservoir, structure
[Technical description]
construction = structure type | text {choice arch;gravity;earth-fill} dam of {choice concrete;rock and clay;masonry}, {qty 20 190 m} high and {qty 90 900 m} long, with {qty 2 9} gates | how is {e} built?
purpose = use | text drinking water for {name town} and {qty 3 40} villages, irrigation of {qty 900 40000 ha}, flood control, and {qty 5 900 MW} of electricity | what is {e} for?
storage = reservoir volume | text {qty 2 900 million m³} at full level, of which {qty 1 90 million m³} are kept free for floods from {choice October to April;June to September} | how much water can {e} hold?
spillway = flood release | text two {choice bell-mouth;side-channel;ski-jump} spillways for {qty 100 9000 m³/s}, opened when the level passes {qty 200 900 m} above sea level | how does {e} let off floods?
construction history = built | text planned in {year 1920 1940}, begun in {year 1945 1955} by {name company} and finished on {date 1956 1970} at a cost of {money 9 900 million} | when and by whom was {e} built?
monitoring = supervision | text {qty 20 400} gauges read every {qty 10 60 minutes}, a yearly dive, and a full inspection every {qty 5 10 years} by {name person} and two engineers of the authority | how is {e} watched?
environmental measures = fish passage | text a ladder of {qty 20 90} basins for {choice salmon;eel;sturgeon}, a minimum flow of {qty 1 30 m³/s} all year, and {qty 20 900 ha} of new alder forest downstream | what was done for nature at {e}?
"""
