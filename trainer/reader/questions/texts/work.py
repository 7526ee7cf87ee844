"""Label names, values and questions for pages of firms, offices, software and services.

Text only, in the form that things.py explains.
"""

# ruff: noqa: E501

WORK = """
# company | {name company} | firm, group
[Key facts]
founded = established = incorporated | date 1840 2022 | when was {e} established? // when was {e} set up? // how old is {e}?
founder = founded by | name person | who founded {e}? // who started {e}?
chief executive = CEO | name person | who runs {e}? // who is at the head of {e}?
chair = chairman of the board = chairperson | name person | who chairs the board of {e}?
headquarters = head office | id address | where is {e} based? // where does {e} have its seat?
employees = staff = workforce | text {qty 12 90000} ({year 2015 2025}) // {qty 12 90000} | how many people work for {e}?
revenue = turnover = sales | parts 2 900 million_EUR 2022,2023,2024 | how much did {e} turn over?
net profit = net income | text {money 1 900 million} ({year 2015 2025}) // loss of {money 1 90 million} | how much did {e} earn?
legal form | choice limited company; cooperative; partnership; foundation; public limited company | what kind of company is {e}?
registration number = company number | id part | under which number is {e} registered?
VAT number = tax number | text {choice DE;FR;SE;NL;AT}{qty 100000000 999999999} | what is {e}'s VAT number?
subsidiaries | list Kelan Marine; Oren Tools; Varstead Optics; Nordlys Foods; Tarn Energy; Dorham Media | which firms belong to {e}? // what companies does {e} own?
products = main products | list pumps; sensors; ice cream; hearing aids; ship engines; garden tools; bicycle lamps; paints | what does {e} make? // what does {e} sell?
stock exchange = listed on | choice Oslo Børs (ticker KLN); not listed; Frankfurt, Prime Standard; Nasdaq Stockholm | where are shares of {e} traded?
auditor | name company | who audits {e}?
[Contact]
telephone = phone | id phone | what number do I call to reach {e}?
e-mail = email = mail | id email | how can I write to {e}? // at what address can {e} be mailed?
website = web | id url | where is {e} on the web?
press contact = media enquiries | name person | whom should journalists ask at {e}?
office hours = telephone hours | hours x | when can {e} be reached?
complaints = complaints to | text in writing to {name person}, within {qty 14 60 days} // {id email} | where do complaints about {e} go?
# staff handbook | {name company} staff handbook | handbook, policy
[Leave]
annual leave = paid leave = holiday entitlement | text {qty 20 35 days} a year, plus {qty 1 5 days} after {qty 3 10 years} of service // {qty 20 33 working days} | how much holiday do employees get under {e}? // how many days off are there under {e}?
carry-over = carrying over leave | text up to {qty 3 10 days} until 31 March of the next year // not possible // at most {qty 2 8 days}, with the manager's consent | how much leave can be moved to the next year under {e}?
sick leave = sick pay | text full pay for {qty 2 12 weeks}, then {pct 50 80} for up to {qty 3 12 months} // certificate needed from day {qty 2 5} | what happens when someone is ill under {e}?
parental leave | text {qty 8 52 weeks}, of which {qty 2 20 weeks} on full pay // according to law | how long can parents stay at home under {e}?
bereavement leave = compassionate leave | qty 1 10 days | how long is leave after a death in the family under {e}?
notice for leave = leave requests | text {qty 1 6 weeks} ahead, in the portal // at least {qty 5 30 days} before the first day | how early must leave be asked for under {e}?
[Working time]
weekly hours = working week | qty 32 42 hours | how long is the working week under {e}?
core hours = core time | text {time x} to {time x} // none | when must everybody be at work under {e}?
overtime | text paid at {pct 120 200} or taken off within {qty 1 6 months} // only with written approval; the first {qty 2 10 hours} a month are included in the salary | how is overtime paid under {e}?
remote work = working from home = home office | text up to {qty 1 4 days} a week, after the probation period // by agreement with the team // {qty 20 100 days} a year, within the country only | how often may people work from home under {e}?
probation period = trial period | qty 1 6 months | how long is a new employee on trial under {e}?
notice period = notice | text {qty 2 12 weeks} to the end of a month // {qty 1 6 months} for both sides | how long is the notice under {e}? // how early do I have to resign under {e}?
[Money and travel]
pay day = salary paid | choice the 25th of each month; the last working day of the month; every second Friday | when are salaries paid under {e}?
meal allowance = per diem | money 10 90 a day | how much is paid for meals on trips under {e}?
mileage rate = mileage | money 0.2 0.9 per km | what is paid for driving one's own car under {e}?
hotel limit = maximum hotel rate | money 70 280 per night | how much may a hotel cost under {e}?
expense claims = reimbursement | text within {qty 14 90 days}, with receipts over {money 5 50} // in the finance portal by the {qty 2 10}th of the month | how are expenses claimed under {e}? // how fast must expenses be handed in under {e}?
training budget = education budget | money 200 4000 per person and year | how much may be spent on courses under {e}?
pension = pension contribution | text employer {pct 3 12}, employee {pct 1 8} // none | what goes into the pension under {e}?
contact person = HR contact | name person | whom do staff ask about {e}?
# insurance plan | {choice Basic;Comfort;Premium;Gold;Family;Junior;Travel;Nordic} {choice Care;Shield;Cover;Plus;Secure} {qty 1 99} | policy, tariff
[Benefits]
sum insured = cover = coverage limit | money 5000 5000000 | how much is covered by {e}? // up to what amount does {e} pay?
excess = deductible | money 50 1500 per claim | how much do policyholders of {e} pay themselves?
premium = monthly premium | money 4 400 per month | what does {e} cost a month?
waiting period | choice none; 3 months, 8 months for dental treatment; 30 days | how long until {e} pays?
exclusions = not covered | list war; professional sport; pre-existing conditions; flood; wilful damage; cosmetic surgery; nuclear risks | what does {e} not pay for?
claims deadline = reporting a claim | text within {qty 2 30 days} by telephone or in the app // {qty 24 72 hours} after the event | how soon must damage be reported under {e}?
term = contract term | choice 12 months, renewed automatically; 3 years; until further notice; 24 months | how long does {e} run?
cancellation notice = notice period | text {qty 1 3 months} before the end of the term, in writing // at any time // {qty 14 30 days} after a claim | how can {e} be ended?
territorial scope = valid in | choice worldwide except USA and Canada; Europe and the Mediterranean; the home country only | where is {e} valid?
insured persons | text the policyholder, the spouse and children under {qty 18 27 years} // anyone driving with permission | who is insured under {e}?
# electricity tariff | {name town} {choice Green;Night;Fix;Flex;Home;Solar} {choice Power;Energy;Watt} | tariff, plan
[Prices]
unit price = energy price = price per kWh | text {qty 12 49 ct/kWh} // day {qty 22 49 ct}, night {qty 10 21 ct} | how much is a kilowatt-hour with {e}?
standing charge = basic charge | money 4 20 per month | what is paid with {e} even if nothing is used?
price guarantee | choice until 31 December 2026; 12 months; none; 24 months, taxes excepted | how long do prices of {e} stay the same?
minimum term = contract period | choice none; 12 months; 24 months; 6 months | for how long is one bound with {e}?
feed-in rate = paid for solar power | qty 4 14 ct/kWh | what does {e} pay for solar power?
bonus = welcome bonus | money 20 250 | what do new customers of {e} get?
energy mix = sources | parts 2 70 % wind,hydro,gas,other | where does the electricity of {e} come from?
meter reading = readings | text once a year by {date 2024 2026} // monthly, by smart meter | when is the meter read with {e}?
supplier = provider | name company | who supplies {e}?
# shop | {name company} web shop | store
[Delivery and returns]
shipping costs = delivery charge = postage | text {money 3 12}, free from {money 25 150} // {money 4 20} for parcels up to {qty 5 31 kg} | how much is delivery from {e}?
delivery time = shipping time | text {range 1 9 working days} // {qty 24 96 hours} | how long does a parcel from {e} take?
return period = right of return = returns | text {qty 14 100 days} from receipt, unused and with all labels, at the buyer's cost // {qty 14 60 days}; the goods must be in the original packaging | how long can goods be sent back to {e}?
refund = refunds | text within {qty 3 14 days} by the same means of payment // as a voucher | when does {e} pay money back? // how does {e} refund?
payment methods = payment = accepted cards | list Visa; Mastercard; bank transfer; invoice; PayPal; cash on delivery; Apple Pay; gift card | how can you pay at {e}?
minimum order = minimum order value | money 5 60 | how much must one order from {e} at least?
ships to = countries served | list Norway; Austria; Ireland; Spain; Poland; Malta; Estonia; Chile | where does {e} deliver to?
customer service = support | text {id phone}, {hours x} // {id email} | how do I reach {e} for help?
gift wrapping | money 1 8 per item | what does {e} charge for wrapping?
loyalty programme = bonus points | text one point per {money 1 5}, {qty 50 500 points} make {money 5 10} // discontinued | how are regular customers of {e} rewarded?
# notice | Case {id case} | file, proceedings
[Notice]
applicant = claimant = plaintiff | name company | who brought {e}? // who asked for {e}?
respondent = defendant | name person | against whom is {e}? // who is sued in {e}?
court = authority | text District Court of {name town} // {name town} Planning Office // Regional Administrative Court, {qty 2 9}th Chamber | which court hears {e}?
judge = presiding judge | name person | who presides over {e}?
date of hearing = hearing | text {date 2020 2027}, {time x} // postponed to {date 2025 2027} | when is {e} heard?
filed = date filed | date 2015 2026 | when was {e} filed?
subject = subject matter | text objection to the building permit of {date 2015 2025} for a warehouse of {qty 400 9000 m²} // unpaid rent of {money 900 40000} // change of the land register | what is {e} about?
decision = ruling | text claim dismissed; costs of {money 300 9000} to be borne by the claimant // granted in part // settled on {date 2018 2026} | how was {e} decided?
deadline for appeal = appeal period | text {qty 1 8 weeks} from service // one month, in writing, to the court of appeal | how long can {e} be appealed?
fee = court fee | money 35 4000 | how much is charged for {e}?
amount in dispute = value of the claim | money 500 900000 | what sum is at stake in {e}?
plot = parcel | text no. {qty 100 9999}/{qty 1 40}, district of {name town} | which plot does {e} concern?
documents required = enclosures | list proof of identity; site plan at 1:500; extract of the register; power of attorney; two photographs; proof of payment | which papers are needed in {e}?
# program | {name software} {id version} | tool, package
[Package]
licence = license | choice MIT; Apache-2.0; GPL-3.0-or-later; BSD-3-Clause; proprietary; MPL-2.0 | how is {e} licensed? // under what terms may {e} be used?
maintainer = maintained by | name person | who looks after {e}? // who maintains {e}?
author = original author | name person | who wrote {e}?
homepage = project page = home page | id url | where on the web is {e}?
repository = source code | id url | where is the source of {e}?
release date = released | date 2012 2026 | when was {e} released? // when did {e} come out?
end of support = supported until = end of life | date 2024 2032 | until when is {e} supported?
download size = size | qty 1 900 MB | how big is the download of {e}?
written in = programming language | choice C11; Rust; Python and C; Go; OCaml; TypeScript | what language is {e} written in?
dependencies = depends on | list zlib (>= 1.2); libcurl; openssl 3; sqlite3; python3 (>= 3.9); libpng16; systemd | what does {e} depend on? // which packages does {e} need?
conflicts | list oldharbor; libtessel1; pebble-common; marlin (<< 2.0) | what can {e} not be installed beside?
platforms = supported platforms | list Linux x86_64; Windows 11; macOS 13 and later; FreeBSD; Linux arm64; OpenBSD | where does {e} run?
[Requirements]
minimum memory = memory required | qty 1 64 GB | how much RAM does {e} need at least?
recommended memory | qty 2 256 GB | how much RAM is advised for {e}?
disk space = free disk space | qty 1 900 GB | how much disk does {e} take?
Python version = requires Python | text >= 3.{qty 7 13} // 3.{qty 7 9} to 3.{qty 10 13} | which Python does {e} need?
database | choice PostgreSQL 13 or newer; SQLite 3.35; MariaDB 10.6; none | what database does {e} use?
[Files and defaults]
configuration file = config file = configuration | id path | where is {e} configured? // which file configures {e}?
log file = logs | id path | where does {e} write its log?
data directory = data folder | id path | where does {e} keep its data?
default port = port | id port | which port does {e} listen on?
environment variable = variable | id env | which environment variable does {e} read?
timeout = default timeout | qty 1 600 seconds | how long does {e} wait before giving up?
maximum upload = upload limit | qty 1 900 MiB | how large may a file sent to {e} be?
log levels | list debug; info; warning; error; trace; critical; off | which log levels does {e} know?
service user = runs as | choice www-data; nobody; harbor; root, dropped after start | as which user does {e} run?
cache size | qty 16 8192 MB | how much does {e} cache?
retries = retry count | qty 1 12 | how often does {e} try again?
# web service | {name software} API {choice v1;v2;v3} | API
[Access]
base URL = base address = endpoint | id url | at which address is {e} called?
authentication = auth | choice bearer token in the Authorization header; API key as the query parameter key; OAuth 2.0 client credentials; mutual TLS; none for read access | how do clients prove who they are to {e}?
rate limit = request limit | text {qty 10 5000 requests} per {choice minute;hour;day} and key // {qty 1 90 requests} per second | how many calls does {e} take?
response format = content type | choice application/json; application/xml; text/csv; application/x-protobuf | in what format does {e} answer?
pagination = paging | text cursor, {qty 10 100} items by default and {qty 200 1000} at most // page and per_page, starting at 1 | how does {e} page its results?
maximum body size = request size limit | qty 1 90 MB | how large can a request to {e} be?
token lifetime = token expiry | qty 5 1440 minutes | how long is a token of {e} valid?
status page | id url | where is the state of {e} shown?
uptime = availability | text {pct 95 99.99} a month // {pct 99 99.99}, maintenance excluded | how available is {e}?
deprecated = sunset date | date 2024 2028 | when is {e} switched off?
error format = errors | choice RFC 9457 problem details; a JSON object with code and message; plain text; HTTP status only | what do errors of {e} look like?
supported methods = HTTP methods | list GET; POST; PUT; DELETE; PATCH; HEAD | which methods can be used with {e}?
# clinical trial | {choice ARIA;NOVA;BEAM;TIDE;CREST;LUMEN}-{qty 1 40} trial | study
[Study design]
sponsor = funded by | name company | who pays for {e}?
principal investigator = lead investigator | name person Dr | who leads {e}?
participants = sample size = enrolment | qty 20 20000 | how many people took part in {e}?
phase | choice I; II; IIb; III; IV | which phase is {e}?
primary endpoint = main outcome | choice overall survival at 24 months; change in HbA1c from baseline to week 26; relapse-free days; pain score after 12 weeks | what was mainly measured in {e}?
inclusion criteria | list age 18 to 75; signed consent; body mass index under 35; stable medication for three months; non-smoker; diagnosis within the last year | who could join {e}?
randomisation | choice 1:1, stratified by site; 2:1; none, single arm; by blocks of six | how were people assigned in {e}?
start date = began | date 2005 2025 | when did {e} start?
completion date = end date | date 2026 2031 | when does {e} end?
registry number = registered as | text NCT{qty 10000000 99999999} // EUCT 20{qty 10 26}-{qty 100000 599999} | under what number is {e} registered?
sites = study sites | qty 1 180 | at how many places does {e} run?
comparator = control | choice placebo; standard care; ibuprofen 400 mg; sham device | what was the new treatment compared with in {e}?
"""
