"""Label names, values and questions for pages about places, people, events and sport.

Text only, in the form that things.py explains.
"""

# ruff: noqa: E501

PLACES = """
# country | {name country} | state
[Geography]
area = surface area | parts 300 900000 sq_km total,land,water | how large is {e}? // how big is {e}? // what area does {e} cover?
coastline = coast length | qty 3 9000 km | how long is the coast of {e}?
land boundaries = borders = land borders | text total {qty 900 9000 km}; {name country} {qty 20 800 km}, {name country} {qty 20 900 km} // none, island state | how long are the borders of {e}? // which countries does {e} border?
elevation | points m highest point,lowest point | what are the highest and lowest points of {e}?
climate | choice temperate; mild, wet winters and hot, dry summers; tropical in the south, arid inland, cold on the high plateau; arctic, with long dark winters; monsoon from June to September | what is the weather like in {e}?
natural resources = resources | list copper; timber; fish; natural gas; phosphates; hydropower; gold; iron ore; salt; bauxite | what natural resources has {e}?
natural hazards | list earthquakes; spring floods; cyclones; drought; volcanic eruptions; avalanches; dust storms | which natural dangers threaten {e}?
land use | parts 2 60 % arable,permanent pasture,forest,other | how is the land of {e} used?
coordinates = geographic position | id coords | where on the map is {e}?
[People]
population = inhabitants | qty 9000 90000000 | how many people live in {e}? // how many inhabitants does {e} have?
languages = languages spoken | shares English;French;Kelani;Oromic;Spanish;Portuguese;Russian;Tarish;Arabic;Vesk;German;Malay | which languages are spoken in {e}? // what do people speak in {e}?
religions = religion | shares Roman Catholic;Protestant;Muslim;Buddhist;Orthodox;Hindu;none;Jewish;folk religions | what do people in {e} believe in? // which religions are found in {e}?
ethnic groups = population groups | shares Kelani;Vesk;Tarish;Oromi;Lur;European;mixed;Sami;Hill peoples | which peoples live in {e}?
life expectancy = life expectancy at birth | parts 50 86 years total,men,women | how old do people get in {e}?
median age | parts 16 48 years total,male,female | what is the age in the middle in {e}?
birth rate | qty 6 40 births/1,000 population | how many children are born per thousand people in {e}?
literacy | parts 60 99 % total,men,women | how many people can read in {e}?
largest towns = major urban areas | list Kelmond 1.2 million; Port Oren 804,000; Varstead 310,500; Dorham 95,000; Norwick 61,300 | which are the biggest towns of {e}?
nationality = demonym | text noun {choice Kelani;Oreni;Varese;Tolish}, adjective {choice Kelan;Orenian;Varese;Tolish} | what are people from {e} called?
[Government]
capital = capital city | name town | what is the capital of {e}? // which city is the seat of government of {e}?
head of state | name person President // King | who heads the state in {e}? // who is head of state of {e}?
head of government | name person Prime Minister | who leads the government of {e}?
government type = form of government | choice parliamentary republic; constitutional monarchy; federal presidential republic; absolute monarchy; one-party state | how is {e} governed?
independence = independent since | text {date 1800 1999} (from {name country}) // {date 1600 1990} | when did {e} become independent?
national holiday | text Independence Day, {date 1900 1990} // Constitution Day, {choice 3 May;17 June;1 December} | what is celebrated as the national day of {e}?
legislature = parliament | text unicameral National Assembly ({qty 20 500 seats}; members serve {qty 3 6}-year terms) // bicameral: Senate ({qty 20 100 seats}) and House of Deputies ({qty 60 500 seats}) | how is the parliament of {e} made up?
suffrage = voting age | choice 18 years of age, universal; 16 years of age; 21 years of age, citizens only; 18, compulsory | who may vote in {e}? // from what age can people vote in {e}?
administrative divisions | text {qty 3 40} provinces // {qty 2 20} regions and one capital district | how is {e} divided?
[Economy]
GDP = gross domestic product | text {money 1 900 billion} ({year 2015 2025} est.) // {money 1 30 trillion} | how large is the economy of {e}?
GDP growth = growth rate | text {pct 0.1 9} ({year 2015 2025}) // -{pct 0.1 5} | how fast is the economy of {e} growing?
inflation = inflation rate | pct 0.2 31 | how fast do prices rise in {e}?
unemployment = unemployment rate | parts 1 40 % total,youth | how many people are out of work in {e}?
currency | text {choice kelan;lira;krona;florin;peso;dinar;mark;taler} ({choice KEL;OLR;VKR;TFL}) | what money is used in {e}? // what do people pay with in {e}?
exports | list machinery; coffee; copper ore; textiles; refined petroleum; fish; cut flowers; software services | what does {e} sell abroad? // what are the main goods {e} exports?
imports | list crude oil; cars; wheat; medicines; electronics; fertiliser; paper; steel | what does {e} buy abroad?
export partners | shares Norland;Kelania;Germany;China;Oresia;Brazil;Japan;Vestria | where do the exports of {e} go?
labour force | qty 9000 40000000 | how many workers does {e} have?
labour force by sector | parts 3 70 % agriculture,industry,services | what sectors do people in {e} work in?
agricultural products | list barley; olives; rice; dairy; cocoa; sugar beet; grapes; lamb | what is grown in {e}?
[Transport and communications]
roads = roadways | parts 300 900000 km total,paved,unpaved | how long is the road network of {e}?
railways | qty 20 60000 km | how long are the rail lines in {e}?
airports | qty 1 900 | how many airfields does {e} have?
internet users | text {qty 9000 60000000} ({pct 20 99} of the population) | how many people in {e} are online?
dialling code = country code | text +{qty 200 999} | how do you dial {e} from abroad?
electricity production = power generation | qty 1 900 billion kWh | how much electricity does {e} generate?
# town | {name town} | city, municipality
[Town profile]
mayor | name person | who runs {e}? // who is mayor of {e}?
inhabitants = population | qty 900 3000000 | how many people live in {e}?
founded = first mentioned | date 900 1890 | when was {e} founded? // how old is {e}?
postcode = postal code | text {qty 10000 99999} // {choice AB;KN;VX}{qty 1 40} {qty 1 9}{choice QP;RT} | what is the postcode of {e}?
elevation = height above sea level | qty 1 2400 m | how high does {e} lie?
river = rivers | list Oren; Vell; Tarn; Kless; Upper Morn | on which river does {e} stand?
twin towns = sister cities | list Kelmond; Varstead; Osthaven; Dalmere; Quarria; Belvik | which towns is {e} twinned with?
industries = main industries | list shipbuilding; tourism; paper; glass; brewing; wind power; cheese | what do people in {e} live from?
average rainfall = precipitation | text {qty 200 2400 mm} a year | how much does it rain in {e}?
hottest month = warmest month | text {choice July;August;January} ({qty 18 36 °C}) | when is it hottest in {e}?
coldest month | text {choice January;February;July} (-{qty 1 20 °C}) | when is it coldest in {e}?
town hall = council address | id address | where is the town hall of {e}?
# museum | {name town} {choice Glass;Railway;Maritime;Clock;Textile;Natural History;Folk} Museum | collection, house
[Visiting]
opening hours = opening times = open | hours x | when is {e} open? // what are the hours of {e}?
closed = closing days | choice Mondays; 24, 25 and 31 December; January; Tuesdays from October to March | when is {e} closed?
admission = entrance fee = tickets | parts 2 30 EUR adults,concessions,children | how much does it cost to get into {e}? // what do tickets for {e} cost?
guided tours = tours | text {choice Sundays;Saturdays;daily} at {time x}, {money 2 15} per person // on request, groups of up to {qty 10 40} | when are tours of {e} given?
last admission = last entry | text {qty 30 60 minutes} before closing // {time x} | until when can you enter {e}?
address = location | id address | where is {e}? // where can {e} be found?
how to get there = directions = public transport | text tram {qty 1 19} to {name town} Square, then {qty 2 15 minutes} on foot // bus {qty 10 99}, stop {name town} Road // five minutes from the central station | how do you get to {e}?
accessibility = wheelchair access | choice ground floor only; fully accessible, lift at the side entrance; not accessible; two wheelchairs can be borrowed free of charge | can wheelchair users visit {e}?
photography | choice allowed without flash; not allowed in the vault; allowed, tripods on request; prohibited | may you take pictures in {e}?
cloakroom = bags | text lockers, {money 1 2} deposit; bags larger than {dims cm} must be left there // free of charge, open until {time x} | where can bags be left in {e}?
[About]
founded = established = opened | date 1790 2015 | when was {e} established? // when did {e} open?
director = head | name person Director | who runs {e}? // who is in charge of {e}?
architect | name person | who designed the building of {e}? // who built {e}?
holdings = collection size = objects | qty 400 2000000 objects | how many objects does {e} hold?
visitors = annual visitors | text {qty 4000 3000000} ({year 2010 2025}) | how many people visit {e} a year?
highlights = main exhibits | list the 1742 tide clock; a complete whale skeleton; the Kelan tapestries; the steam engine Agnes; a room of Venetian mirrors; the founder's diaries | what is there to see in {e}? // what are the best pieces of {e}?
owner = run by = operator | name company | who owns {e}?
# hotel | Hotel {name town} | guesthouse, house
[Rooms and rates]
single room = single | money 40 240 per night | how much is a room for one at {e}?
double room = double | money 60 420 per night | how much is a room for two at {e}?
breakfast | text {money 8 30} per person, {range 6 11} h // included // served until {time x} | is breakfast included at {e} and what does it cost?
check-in = arrival | text from {time x} // after {time x} | when can guests check in at {e}? // from when can you get into your room at {e}?
check-out = departure | text by {time x} // until {time x} | by when must you leave your room at {e}? // when do you have to check out at {e}?
tourist tax = city tax | money 1 6 per person and night | how much tax do guests of {e} pay?
cancellation = cancellation policy | text free of charge until {qty 1 14 days} before arrival, then {pct 50 90} of the first night // not refundable // by e-mail, {qty 24 72 hours} before arrival | until when can you cancel at {e}? // what does cancelling at {e} cost?
pets = animals | choice dogs welcome, 12 euros a night; not allowed; small pets on request | can you bring a dog to {e}?
parking | text {money 5 35} a day, {qty 10 90 spaces} // free in the courtyard // none; public garage {qty 100 600 m} away | where can guests of {e} park?
number of rooms = rooms | qty 8 420 | how many rooms has {e}?
facilities = amenities | list sauna; indoor pool; gym; library; bicycle hire; laundry; roof terrace; conference room | what does {e} offer its guests?
# school course | {choice Introduction to;Advanced;Applied;Topics in;Foundations of} {choice Thermodynamics;Phonetics;Bookkeeping;Linear Algebra;Soil Science;Marine Law;Databases;Drawing;Ethics;Epidemiology} | module, class
[Course details]
course code = code | id part | what code is {e} listed under?
credits = ECTS credits | qty 2 15 ECTS | how many credits does {e} give? // what is {e} worth?
lecturer = taught by = instructor | name person Prof. | who teaches {e}? // who gives {e}?
semester = term = offered | choice winter; spring, every second year; autumn and spring; summer school | when is {e} offered?
prerequisites = entry requirements | list Calculus I; one year of laboratory practice; B2 English; Statistics with a grade of C or better; none for graduates | what must students have done before {e}? // what is needed to join {e}?
assessment = examination = exam | text written exam ({qty 60 180 minutes}, {pct 50 80}) and a project report // oral examination of {qty 15 45 minutes} // {qty 3 10} weekly exercises, pass or fail | how is {e} examined?
contact hours = teaching hours | parts 6 90 hours lectures,tutorials,laboratory | how many hours of teaching does {e} have?
language of instruction = language | choice English; German, with English slides; French; Spanish and English | in what language is {e} given?
maximum enrolment = places | qty 8 300 students | how many students can join {e}?
room = place | text {choice Hall;Room;Lab} {id part} // lecture theatre {qty 1 9} | where does {e} take place?
textbook = literature = required reading | text {name person}: Principles of {choice Heat;Speech;Accounts;Soils}, {qty 2 9}th edition // lecture notes by {name person} | which book is used in {e}?
registration deadline = enrolment closes | date 2024 2027 | until when can students sign up for {e}?
tuition fee = fee | money 90 4000 | how much does {e} cost?
# sports match | {name town} {choice Rovers;Hawks;United;Athletic} v {name town} {choice Wanderers;City;Tigers;Town} | game, fixture
[Match report]
final score = result = full time | text {qty 1 5}–{qty 1 4} // {qty 60 120}:{qty 55 119} | how did {e} end? // what was the score in {e}?
half-time score = half time | text {qty 1 3}–{qty 1 2} | what was the score at the break in {e}?
venue = ground = stadium | name town | where was {e} played?
attendance = crowd = spectators | qty 300 90000 | how many people watched {e}?
referee | name person | who refereed {e}? // who was in charge of {e} on the pitch?
kick-off = start | text {time x} local time // {time x} | when did {e} start?
scorers = goals | text {name person} {qty 2 44}', {name person} {qty 46 90}' // {name person} ({qty 3 9}, {qty 50 88} pen.) | who scored in {e}?
player of the match = best player | name person | who played best in {e}?
yellow cards = cautions | name people | who was booked in {e}?
competition = league | choice Second Division, round 14; Northern Cup, quarter-final; friendly; Premier Series, matchday 3 | what competition was {e} part of?
possession | parts 30 70 % home,away | who had the ball more in {e}?
weather | choice dry, 14 °C; heavy rain in the second half; snow; hot and windless | what was the weather like at {e}?
# train line | Line {qty 1 99} {name town} – {name town} | route, service
[Timetable]
first departure = first train | time x | when does the first train of {e} leave?
last departure = last train | time x | when does the last train of {e} leave? // until when does {e} run?
frequency = interval | text every {qty 5 60 minutes} // every {qty 8 30 minutes}, Sundays hourly | how often does {e} run?
journey time = travel time | text {qty 1 5 h} {qty 5 55 min} // {qty 12 190 minutes} | how long does {e} take?
stops = stations | list Varstead; Kelmond Central; Old Dorham; Norwick Quay; Belvik; Upper Tarn; Dalmere | where does {e} stop?
single fare = one-way ticket | money 2 90 | how much is a single on {e}?
day pass = day ticket | money 5 60 | what does a day ticket for {e} cost?
bicycles = bicycle carriage | choice allowed outside rush hours; folding bicycles only; free after 19:00; not carried | can bicycles be taken on {e}?
operator = run by | name company | who runs {e}?
line length = length | qty 9 900 km | how long is {e}?
gauge = track gauge | choice 1,435 mm; 1,000 mm; 1,668 mm; 1,520 mm; 760 mm | how wide is the track of {e}?
opened = in service since | date 1850 2020 | when was {e} opened?
# mountain | {choice Mount;Pic;Cerro;Ben;Monte} {name town} | peak, summit
[Facts]
height = summit elevation | qty 600 8200 m | how high is {e}? // how tall is {e}?
prominence | qty 60 4000 m | how far does {e} rise above its surroundings?
range = mountain range | text {name town} Range // {name town} Alps | what range does {e} belong to?
first ascent = first climbed | text {date 1780 1970} by {name person} // {year 1800 1960}, {name person} and {name person} | who first climbed {e} and when? // when was {e} first climbed?
easiest route = normal route | choice hike, grade T3; snow and ice, PD; scramble over the north ridge; glacier climb with two rope lengths | what is the easiest way up {e}?
rock = geology | choice granite; limestone; gneiss and mica schist; basalt | what is {e} made of?
last eruption = volcanic activity | text {year 1600 2020} // extinct | when did {e} last erupt?
hut = mountain hut | text {name town} Hut ({qty 1200 3400 m}, {qty 20 120 beds}) | where can climbers of {e} sleep?
# festival | {name town} {choice Jazz;Film;Book;Light;Harvest;Puppet} Festival | event
[Programme and tickets]
dates = held | text {range 1 28} {choice June;July;August;September} {year 2024 2027} // first weekend of {choice May;October} | when is {e} held? // when does {e} take place?
headliners = main acts | name people | who plays at {e}? // who are the stars of {e}?
day ticket | money 15 120 | what does one day at {e} cost?
weekend ticket = festival pass | money 50 320 | what does the whole of {e} cost?
camping | text {money 5 50} per tent, no open fires // free for pass holders, from {time x} on Thursday // not permitted on the site | can you camp at {e}?
capacity | qty 200 60000 visitors | how many people can go to {e}?
artistic director = curator | name person | who puts together the programme of {e}?
main sponsor = sponsored by | name company | who pays for {e}?
minimum age = age limit | qty 6 21 years | how old must you be to get into {e}?
prize = award | text the {choice Golden;Silver;Glass} {choice Owl;Lantern;Reed}, {money 1000 50000} | what can be won at {e}?
"""
