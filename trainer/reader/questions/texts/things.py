"""Label names, values and questions for pages about things: devices, products, substances, food.

Text only: a domain's first line is '# noun | entity | other nouns'; then '[heading]' and
'label = other name | value spec | question // question', {e} being the entity.
"""

# ruff: noqa: E501

THINGS = """
# device | {name model} | unit, product, model
[Mechanical data]
weight = mass = net weight | qty 0.2 40 kg | how heavy is {e}? // how much does {e} weigh? // what does {e} weigh
dimensions = size = overall size | dims mm | how big is {e}? // what size is {e}?
housing = enclosure = case material | choice die-cast aluminium; ABS plastic, flame retardant; stainless steel 1.4301; powder-coated steel; glass-fibre reinforced polyamide | what is {e} housed in? // what is the case of {e} made of?
protection class = ingress protection = IP rating | choice IP20; IP54; IP65; IP67; IP68 | how well is {e} sealed against water and dust?
mounting = installation | choice DIN rail 35 mm; wall bracket; desk stand or VESA 100; four M6 bolts; adhesive pad | how is {e} mounted? // how do you fix {e} in place?
colour = finish | choice traffic white; anthracite; light grey (RAL 7035); matt black; signal yellow | what colour is {e}? // which colours does {e} come in?
[Electrical data]
input voltage = supply voltage | range 90 264 V AC | what voltage can {e} be run from? // which mains voltage does {e} need?
rated current | qty 0.3 32 A | how many amps does {e} draw at rating?
power consumption = power draw | parts 2 900 W typical,maximum,standby | how much power does {e} use?
battery = battery type | choice 3.7 V lithium-ion, 2,200 mAh; 2 x AA alkaline; CR2032 coin cell; sealed lead-acid 12 V; none, mains only | what powers {e} when unplugged? // which battery goes in {e}?
battery life = running time | qty 3 400 hours | how long does {e} run on one charge?
charging time | qty 1 14 h | how long does it take to charge {e}?
fuse = fuse rating | choice T 2 A, 250 V; F 10 A; 6.3 A slow-blow; resettable, 1.5 A | what fuse is fitted in {e}?
[Environment]
operating temperature = ambient temperature in use | range -40 70 °C | how hot or cold may it be where {e} works? // what temperatures can {e} work at?
storage temperature | range -50 90 °C | at what temperatures can {e} be stored?
relative humidity = humidity | range 5 95 % (non-condensing) | how damp may the air around {e} be?
noise level = sound pressure | qty 18 90 dB(A) | how loud is {e}?
maximum altitude = altitude limit | qty 1500 5000 m | how high above sea level may {e} be used?
[Capacity]
maximum load = load capacity = max load | qty 5 4000 kg | how much can {e} carry? // what can {e} bear at most?
minimum load | qty 1 4 kg | what is the least {e} must be loaded with?
tank volume = tank capacity | qty 2 1900 litres | how much does the tank of {e} hold?
flow rate = throughput | qty 2 900 l/min | how fast does {e} pump?
maximum speed = top speed | qty 5 260 km/h | how fast can {e} go?
[Ordering]
order number = part number = article number | id part | under which number is {e} ordered?
list price = recommended price | money 20 4900 | how much does {e} cost? // what does {e} cost?
warranty = guarantee | choice 24 months; 3 years on parts, 1 year on labour; lifetime, first owner only; 12 months from delivery; 5 years after registration | how long is {e} guaranteed? // how long is {e} under warranty?
delivery time = lead time | choice 3 working days; 2–3 weeks; 6 weeks ex works; same day for orders before noon | how soon can {e} be delivered?
scope of delivery = in the box = package contents | list power supply; USB-C cable; wall bracket; quick start guide; carrying case; two spare filters; hex key; calibration certificate; rubber feet | what comes with {e}? // what is in the box of {e}?
manufacturer = maker | name company | who makes {e}? // which company builds {e}?
country of origin = made in | name country | where is {e} made?
# interface card | {name model} | board, module
[Connectivity]
ports = connectors = interfaces | list 2 x HDMI 2.0; USB-C; RJ45 Gigabit Ethernet; 3.5 mm audio; RS-485; CAN bus; microSD slot; DisplayPort 1.4; SFP+ | which connectors does {e} have? // what can be plugged into {e}?
wireless = radio | list Wi-Fi 6; Bluetooth 5.2; NFC; LoRa 868 MHz; Zigbee; GNSS; LTE Cat 4 | which radio standards does {e} speak?
data rate = transfer rate | qty 1 40000 Mbit/s | how fast does {e} transfer data?
supported protocols = protocols | list MQTT; Modbus TCP; HTTP/2; SNMPv3; OPC UA; CoAP; PROFINET; BACnet/IP | what protocols does {e} understand?
[Processing]
processor = CPU | text quad-core ARM Cortex-A{qty 35 78}, {qty 1 3 GHz} // RISC-V, {qty 100 900 MHz}, hardware floating point // dual-core x86, {qty 1 4 GHz} | what processor is in {e}?
memory = RAM | parts 1 512 GB installed,maximum | how much RAM does {e} have?
flash = internal storage | qty 4 2000 GB | how much storage is built into {e}?
operating system = OS | choice embedded Linux 6.1 LTS; FreeRTOS; Zephyr 3.4; none; Android 13 | which operating system runs on {e}?
firmware version = firmware | id version | which firmware does {e} ship with?
certifications = approvals | list CE; FCC Part 15 Class B; UL 62368-1; RoHS; UKCA; ATEX Zone 2; EN 50155 | what is {e} certified for? // which approvals has {e} got?
[Display]
screen size = display diagonal | qty 2 65 inches | how large is the screen of {e}?
resolution | choice 1,920 × 1,080; 2,560 × 1,440; 800 x 480; 3,840 × 2,160 | how many pixels does {e} show?
brightness | qty 150 2000 cd/m² | how bright is {e}?
contrast ratio | choice 1,000:1; 3,000:1; 100,000:1; 800:1 | what contrast does {e} reach?
viewing angle | choice 178° horizontal, 178° vertical; 160°/140°; 170° | from what angle can {e} be read?
refresh rate | qty 30 240 Hz | how often does {e} refresh its picture?
# vehicle | {name company} {name model} | car, van
[Engine]
displacement = engine size | qty 600 6400 cm³ | how large is the engine of {e}?
maximum power = power output | text {qty 40 400 kW} at {qty 3000 7000 rpm} // {qty 55 540 hp} at {qty 3000 7000 rpm} | how powerful is {e}?
torque | text {qty 80 900 Nm} at {qty 1200 4500 rpm} | how much torque does {e} develop?
fuel = fuel type | choice petrol (95 RON); diesel; battery electric; petrol-electric hybrid; hydrogen | what does {e} run on?
fuel consumption = consumption | parts 3 18 l/100_km urban,extra-urban,combined | how much fuel does {e} burn?
range | qty 180 1200 km | how far does {e} get on a full tank or charge?
gearbox = transmission | choice six-speed manual; eight-speed automatic; CVT; single-speed reduction gear; seven-speed dual clutch | which transmission does {e} have?
CO2 emissions | qty 10 310 g/km | how much carbon dioxide does {e} emit?
[Body]
seats = seating capacity | qty 2 54 | how many people fit in {e}?
kerb weight = unladen weight | qty 800 14000 kg | how heavy is {e} when empty?
wheelbase | qty 2100 6200 mm | how far apart are the axles of {e}?
towing capacity = trailer load | parts 400 3500 kg braked,unbraked | how much can {e} tow?
boot volume = luggage space | parts 150 2200 l seats_up,seats_folded | how much luggage does {e} take?
tyre size = tyres | choice 205/55 R16; 225/45 R18; 195/65 R15 91H; 255/40 R20 | what tyres does {e} need?
production = built | text {year 1950 1999}–{year 2000 2019} // since {year 1990 2024} // {year 1930 1980} until {year 1981 1999} | when was {e} built? // when was {e} in production?
designer = designed by | name person | who designed {e}? // who drew {e}?
# medicine | {choice Calor;Veri;Dolo;Nexa;Tibra;Somni;Prura;Cefa;Lumi;Gastra}{choice dex;nol;zine;pram;tine;vir;ril;lone;cam} {qty 2 900 mg} | tablet, product
[Composition and use]
active substance = active ingredient | choice ibuprofen; paracetamol; amoxicillin trihydrate; loratadine; metformin hydrochloride; omeprazole; cetirizine | what is the active ingredient of {e}? // what works in {e}?
excipients = other ingredients | list lactose monohydrate; maize starch; magnesium stearate; colloidal silica; titanium dioxide (E171); povidone; sodium lauryl sulfate | what else is in {e}? // which other ingredients does {e} contain?
indication = used for | choice relief of mild to moderate pain and fever; seasonal allergic rhinitis in adults and children over 6 years; bacterial infections of the upper airways; heartburn and acid reflux, for up to 14 days | what is {e} taken for? // what does {e} treat?
recommended dose = dosage = adult dose | text one tablet every {qty 4 12 hours}, with water // {qty 1 3} tablets daily after meals, no more than {qty 4 8} in 24 hours // {qty 5 900 mg} twice a day for {qty 3 14 days} | how much {e} should an adult take? // how should {e} be taken?
maximum daily dose = daily limit | qty 10 4000 mg | how much {e} may be taken in a day at most?
children = paediatric dose | text {qty 2 15 mg} per kg of body weight every {qty 4 8 hours} // not recommended under {qty 2 16 years} // half a tablet, dissolved in water, {qty 1 3} times a day | what may children be given of {e}? // can children take {e}, and how much?
[Warnings]
contraindications = do not take if | list severe liver disease; pregnancy in the last trimester; known allergy to penicillin; stomach ulcer; severe heart failure; treatment with anticoagulants; children under 12 | who must not take {e}? // when should {e} not be used?
side effects = undesirable effects | list nausea; headache; skin rash; dizziness; dry mouth; drowsiness; diarrhoea; raised liver enzymes | which side effects can {e} have?
interactions | list warfarin; lithium; alcohol; methotrexate; oral contraceptives; ACE inhibitors; antacids with aluminium | which medicines does {e} interact with?
overdose | text call the poison centre on {id phone} at once and keep the packet to hand // drink water, do not induce vomiting and see a doctor within {qty 1 4 hours} // symptoms may appear up to {qty 12 48 hours} later; hospital observation is needed | what should be done after an overdose of {e}? // what if someone took too much {e}?
driving = effect on driving | choice no known effect; may cause drowsiness, do not drive until you know how you react; driving is prohibited for 8 hours after intake | can you drive after taking {e}?
[Pharmaceutical particulars]
shelf life | qty 12 60 months | how long does {e} keep?
storage = storage conditions | text below {qty 20 30 °C}, in the original package, away from light // in a refrigerator ({range 2 8 °C}); do not freeze // dry, out of the reach of children | how should {e} be stored? // where do you keep {e}?
pack sizes = packs | list 10 tablets; 20 tablets; 30 tablets; 50 tablets; 100 tablets; hospital pack of 500 | which packs of {e} are sold?
marketing authorisation holder = authorisation holder | name company | who holds the authorisation for {e}?
authorisation number = licence number | id part | what is the licence number of {e}?
last revised = date of revision | date 2012 2026 | when was the leaflet of {e} last revised?
# chemical | {choice Ferrous;Sodium;Potassium;Calcium;Zinc;Ammonium;Barium;Copper;Lithium} {choice acetate;borate;citrate;oxalate;sulfite;stearate;formate;lactate;tartrate} {choice grade A;technical;p.a.;pure;USP;BP} | substance, reagent
[Identification]
formula = molecular formula | id formula | what is {e} written as in symbols?
molar mass = molecular weight | qty 18 900 g/mol | how heavy is a mole of {e}?
CAS number = registry number | text {qty 50 99}-{qty 10 99}-{qty 1 9} // {qty 100 9999}-{qty 10 99}-{qty 1 9} | under which registry number is {e} listed?
purity = assay | text ≥ {pct 90 99.9} // min. {pct 95 99} | how pure is {e}?
[Physical properties]
appearance | choice white crystalline powder; colourless liquid; pale yellow flakes; blue-green crystals, odourless; grey granules | what does {e} look like?
melting point | qty 20 1400 °C | at what temperature does {e} melt?
boiling point | qty 60 2900 °C | when does {e} boil?
density = specific gravity | qty 0.6 9 g/cm³ | how dense is {e}?
solubility = solubility in water | text {qty 1 900 g/l} at {qty 15 25 °C} // insoluble // freely soluble; {qty 1 90 g/l} in cold water | how well does {e} dissolve? // how soluble is {e}?
flash point | qty 12 200 °C | when can vapours of {e} catch fire?
pH value | text {qty 2 12} (5% solution) // {range 3 11} | how acidic is {e}?
[Safety]
signal word | choice Danger; Warning; none | which signal word does {e} carry?
hazard statements = hazards | list H302 harmful if swallowed; H315 causes skin irritation; H319 causes serious eye irritation; H335 may irritate the airways; H410 very toxic to aquatic life | which hazards does {e} pose?
protective equipment = PPE | list nitrile gloves; safety goggles; face shield; dust mask FFP2; laboratory coat; fume hood | what must be worn when handling {e}?
first aid (eyes) = eye contact | text rinse with water for {qty 5 20 minutes}, lids held open, and call a doctor // remove contact lenses and rinse for at least {qty 10 30 minutes} | what do you do when {e} gets in the eyes?
disposal = waste disposal | choice hand in as hazardous waste, code 06 03 14; neutralise with dilute acid, then drain with plenty of water; collect in the container for halogen-free solvents | how is {e} disposed of? // how do you get rid of {e}?
exposure limit = workplace limit | qty 1 900 mg/m³ | how much {e} may be in the air at work?
# recipe | {choice Roast;Braised;Spiced;Creamy;Smoked;Baked;Pickled} {choice beetroot;lentil;pumpkin;mackerel;chickpea;leek;mushroom;barley;aubergine} {choice soup;stew;salad;pie;curry;gratin;dumplings} | dish
[At a glance]
serves = servings = portions | text {qty 2 12} people // {range 2 10} // {qty 4 40} pieces | how many people does {e} serve? // for how many is {e}?
preparation time = prep time | qty 5 90 minutes | how long does it take to prepare {e}?
cooking time = time in the oven | qty 8 240 minutes | how long does {e} cook?
oven temperature | text {qty 140 240 °C} (fan: {qty 120 220 °C}) // gas mark {qty 2 9} | how hot should the oven be for {e}?
difficulty = level | choice easy; medium; demanding; for beginners | how hard is {e} to make?
ingredients | list 200 g flour; 3 eggs; 1 tbsp olive oil; 2 cloves of garlic; 500 ml vegetable stock; 1 tsp cumin; 150 g feta; a pinch of salt; 1 lemon; 80 g butter | what do you need for {e}? // what goes into {e}?
allergens = contains | list gluten; milk; eggs; celery; mustard; sesame; nuts; fish | which allergens are in {e}?
[Nutrition per portion]
energy = calories | qty 120 900 kcal | how many calories has {e}?
fat = total fat | parts 1 60 g total,of which saturated | how much fat is in {e}?
carbohydrate = carbohydrates | parts 3 120 g total,of which sugars | how much carbohydrate does {e} have?
protein | qty 2 60 g | how much protein is there in {e}?
salt | qty 0.1 6 g | how salty is {e}?
keeps = storage = shelf life | text {qty 1 5 days} in the fridge, {qty 1 6 months} frozen // best eaten the same day // in a sealed jar for up to {qty 2 8 weeks} | how long can {e} be kept?
source = recipe by | name person | who wrote {e} down? // whose recipe is {e}?
# plant | {root2 x} | variety, cultivar
[Growing]
sowing = sow | choice March to May, under glass; directly outdoors from mid-April; August, for the next spring; February, indoors | when is {e} sown?
spacing = plant spacing | text {qty 5 90 cm} in the row, {qty 20 120 cm} between rows // {qty 10 150 cm} | how far apart is {e} planted?
light = position | choice full sun; half shade; bright, no midday sun; shade | how much sun does {e} want?
soil | choice sandy and well drained, pH 6 to 7; heavy loam, rich in humus; peat-free, slightly acid | what soil suits {e}?
watering | text {qty 2 30 mm} a week, less in winter // daily in the first {qty 2 6 weeks} // only when the top {qty 1 5 cm} are dry | how often is {e} watered?
hardiness = frost hardiness | text down to -{qty 3 30 °C} // not hardy // zone {qty 3 10} | how much frost does {e} stand?
height = final height | qty 10 900 cm | how tall does {e} grow?
flowering = flowering period | choice May–July; August to first frost; early spring; does not flower in the first year | when does {e} bloom?
harvest = harvesting | choice July to October; after 60 to 75 days; when the tops fall over; second year | when is {e} harvested?
family = botanical family | choice Solanaceae; Brassicaceae; Lamiaceae; Rosaceae; Fabaceae; Asteraceae | to which family does {e} belong?
pests = pests and diseases | list aphids; powdery mildew; slugs; red spider mite; root fly; blight | what attacks {e}?
bred by = breeder | name person | who bred {e}?
""".replace("{root2 x}", "{name town} {choice Early;Giant;Dwarf;Gold;Scarlet;Queen}")
