"""Label names, values and questions that training never sees: other subjects, other labels.

Text only, in the form that things.py explains; for evaluation sets alone.
"""

# ruff: noqa: E501

HELD_OUT = """
# ship | MV {name town} | vessel
[Particulars]
call sign | text {choice LK;OZ;SB;PH}{choice QR;TV;XA}{qty 2 9} | how is {e} called by radio?
port of registry = home port | name town | where is {e} registered?
gross tonnage | qty 400 220000 GT | how large is {e} by tonnage?
draught | parts 2 16 m loaded,in ballast | how deep does {e} lie in the water?
beam | qty 8 60 m | how wide is {e}?
shipyard = builder | name company | who built {e}?
keel laid | date 1960 2020 | when was work on {e} begun?
launched | date 1960 2020 | when was {e} launched?
classification society | choice DNV; Lloyd's Register; Bureau Veritas; ClassNK | who classes {e}?
crew | parts 6 900 persons officers,ratings | how many sail {e}?
service speed = cruising speed | qty 8 30 knots | how fast does {e} normally sail?
lifeboats | qty 2 40 | how many lifeboats does {e} carry?
cargo holds = holds | text {qty 2 9} holds of {qty 900 9000 m³} each // none | what cargo space does {e} have?
lighthouse passed last = last port of call | name town | which harbour did {e} leave last?
# library | {name town} Public Library | branch
[Borrowing]
loan period | text {qty 14 35 days}, renewable {qty 1 4} times // {qty 7 28 days} | how long can things be borrowed from {e}?
overdue charge = late fee | money 0.1 2 per item and day | what does returning late to {e} cost?
reservation fee | money 0.5 3 | what does it cost to reserve at {e}?
borrower's card = library card | text {money 5 40} a year, free under {qty 16 20 years} // free for residents | what does a card of {e} cost?
items at a time = borrowing limit | qty 5 60 items | how many things may be borrowed at once from {e}?
not for loan | list reference works; newspapers; maps; rare books; the local archive; theses | what can't be taken home from {e}?
reading room | text {qty 20 200 seats}, quiet after {time x} // closed for repairs until {date 2025 2027} | where can one sit and read in {e}?
head librarian | name person | who is the chief of {e}?
interlibrary loan | text {money 2 9} per title, about {qty 5 20 days} // suspended | what does {e} charge for books from elsewhere?
stock = volumes held | parts 900 900000 items books,audiobooks,films | how much does {e} own?
book return box = drop box | choice day and night, beside the main door; only on weekdays; none | when can books be dropped off at {e}?
# telescope | {name town} {choice Radio;Solar;Infrared;Survey} Telescope | instrument, observatory
[Instrument]
aperture | qty 0.3 39 m | how wide is the opening of {e}?
focal ratio | choice f/1.8; f/4; f/11.5; f/8 | how fast are the optics of {e}?
first light | date 1920 2024 | when did {e} see its first light?
mirror coating | choice protected silver; aluminium; gold; none | what covers the mirror of {e}?
detectors = cameras | list 9k x 9k CCD; near-infrared array; bolometer; echelle spectrograph; polarimeter; photon counter | which detectors does {e} use?
seeing | parts 1 9 arcsec median,best,worst | how steady is the air above {e}?
site = observing site | text {name town} Plateau, {qty 900 5400 m} // La {name town}, {qty 1200 3400 m} | on what site does {e} stand?
observing time | text proposals by {date 2024 2027}; {pct 10 50} reserved for the host country // by invitation | how does one get time on {e}?
funding body = funders | list National Science Council; Kelan Foundation; University of Varstead; private donors; the harbour authority | who paid for {e}?
data release | text {qty 6 24 months} after observation // immediately public | when are data of {e} made public?
wavelength coverage = wavelengths | text {range 300 2500 nm} // {range 1 30 cm} | which wavelengths does {e} see?
# bank account | {choice Giro;Salary;Student;Youth;Business;Saver} {choice Direct;Classic;Smart;One;Prime} {qty 2 90} account | account
[Terms]
account fee = maintenance fee | money 1 15 per month | what does it cost to keep {e}?
debit interest = overdraft rate | text {pct 5 14} a year // {pct 6 13}, {pct 14 19} beyond the limit | what is charged for going into the red with {e}?
credit interest | text {pct 0.1 4} up to {money 1000 50000} // none | what does {e} earn on money in it?
overdraft limit | money 100 9000 | how far can {e} be overdrawn?
cash withdrawals abroad | text {pct 1 3}, at least {money 2 8} // free in the euro area | what do foreign cash machines cost with {e}?
daily withdrawal limit | money 300 3000 | how much cash may be taken from {e} a day?
replacement card | money 5 25 | what does a new card for {e} cost?
joint holders | choice up to two; not possible; parent and child only | how many people may share {e}?
closing the account = closure | text in writing with {qty 1 8 weeks} notice // at any branch, free of charge | how is {e} ended?
deposit protection | text up to {money 50000 100000} per customer by the {name town} Fund | how safe is money in {e}?
statement = statements | choice monthly, electronic; quarterly by post; on demand at the terminal | how often are statements of {e} sent?
sort code = bank code | text {qty 10 99}-{qty 10 99}-{qty 10 99} | which bank code belongs to {e}?
# film | The {choice Last;Silent;Glass;Paper;Second;Northern} {choice Ferry;Orchard;Winter;Lighthouse;Inheritance;Witness} | picture
[Credits]
directed by | name person | who made {e}?
screenplay = script | name person | who wrote the script of {e}?
cinematography = camera | name person | who shot {e}?
score = music by | name person | who wrote the music for {e}?
starring = cast | name people | who acts in {e}?
screen time = duration | qty 70 210 minutes | how long is {e}?
premiere = first shown | text {date 1950 2025} ({name town}) // {date 1950 2025} | when was {e} first shown?
budget | money 1 190 million | what did {e} cost to make?
box office = takings | money 1 900 million | how much money did {e} bring in?
age rating = classification | choice 6; 12A; 16; PG-13; all ages | from what age may {e} be seen?
shooting locations = filmed in | list Varstead harbour; the salt flats of Oren; the studios at Kelmond; Norwick Castle; Dalmere | where was {e} filmed?
sound mix | choice Dolby Atmos; mono; stereo; 5.1 | what sound does {e} have?
distributor | name company | who released {e}?
# elevator | {name company} lift {id part} | lift
[Inspection sheet]
rated persons | qty 4 40 | how many may ride {e}?
travel height | qty 6 320 m | how far up does {e} go?
landings | qty 2 60 | at how many floors does {e} stop?
rope diameter | qty 6 20 mm | how thick are the ropes of {e}?
last inspection | date 2018 2026 | when was {e} last checked?
next inspection due | date 2026 2029 | by when must {e} be checked again?
inspected by = inspector | name person | who checked {e}?
emergency number = emergency call | id phone | whom do people stuck in {e} ring?
door type | choice two-panel centre opening; side-sliding; folding; manual swing door | what doors has {e}?
pit depth | qty 900 3200 mm | how deep is the pit of {e}?
defects = findings | list worn brake lining; missing sign; oil leak at the buffer; lamp out in the shaft; door sensor dirty | what was wrong with {e}?
governor speed = tripping speed | qty 1 14 m/s | at what speed is {e} caught?
"""
