"""Rules of pools, firms, programs and devices, with questions that they answer with yes and no.

Text only: what the page says | asked so that it is yes | asked so that it is no; {n:a:b} is the limit,
{<} something within it, {>} something beyond, {e} the entity.
"""

# ruff: noqa: E501

Rules = dict[str, tuple[tuple[str, ...], str]]  # sort of entity: its name patterns, its rules

RULES: Rules = {
    "houses": (
        ("House {name town}", "{name town} Court", "Allotment {name town}", "{name town} Marina"),
        """
Quiet hours last until {n:6:9}:00. | Must it still be quiet at {<}:15 in {e}? | Must it still be quiet at {>}:30 in {e}?
Quiet hours begin at {n:20:23}:00. | May one drill at {<}:15 in {e}? // Is noise all right at {<}:30 in {e}? | May one drill at {>}:30 in {e}? // Is noise all right at {>}:45 in {e}?
Each household may keep up to {n:2:6} cats. | May a household of {e} keep {<} cats? // Are {<} cats within what {e} allows? | May a household of {e} keep {>} cats? // Are {>} cats in one household fine with {e}?
Barbecues are banned on balconies. | Are balcony barbecues ruled out at {e}? // Is it against the rules of {e} to barbecue on the balcony? | May I barbecue on my balcony at {e}? // Are balcony barbecues permitted at {e}?
Bicycles may stand in the yard. | Can I leave my bicycle in the yard of {e}? // Is the yard of {e} open to bicycles? | Must bicycles be kept out of the yard of {e}? // Does {e} ban bicycles from the yard?
The cellar has no electricity. | Is the cellar of {e} without electricity? | Is there electricity in the cellar of {e}? // Can I plug in a freezer in the cellar of {e}?
Every flat has a balcony. | Do all flats of {e} come with a balcony? | Are there flats without a balcony in {e}? // Does any flat of {e} lack a balcony?
Rent is due by the {n:3:15}th of the month. | Is rent paid on day {<} in time at {e}? | Is rent paid on day {>} in time at {e}?
Subletting needs written consent. | Must one ask before subletting at {e}? // Is consent needed to sublet at {e}? | Can one sublet at {e} without asking anybody? // Is subletting at {e} free of any consent?
Tenants clear the snow themselves. | Do tenants of {e} have to clear snow? // Is clearing snow the tenants' job at {e}? | Does the owner of {e} clear the snow? // Can tenants of {e} leave the snow to others?
Water is included in the rent. | Is water part of the rent at {e}? | Is water billed apart from the rent at {e}? // Must tenants of {e} pay extra for water?
Heating is not included in the rent. | Is heating billed apart from the rent at {e}? // Must tenants of {e} pay extra for heating? | Is heating part of the rent at {e}?
Keys may be copied by the owner only. | Is copying keys reserved to the owner of {e}? | May tenants of {e} have keys copied? // Can I copy my own key at {e}?
The attic is shared by all tenants. | May every tenant use the attic of {e}? | Does the attic of {e} belong to one tenant alone?
""",
    ),
    "schools": (
        ("{name town} College", "{name town} Music School", "Course {name town}"),
        """
Applications close on {n:10:28} May. | Can one still apply to {e} on {<} May? // Is an application to {e} on {<} May in time? | Can one still apply to {e} on {>} May? // Is an application to {e} on {>} May in time?
A pass needs at least {n:40:70} points. | Are {>} points enough to pass at {e}? | Are {<} points enough to pass at {e}? // Does one pass at {e} with {<} points?
Calculators are permitted in the examination. | May I use a calculator in the examination at {e}? | Are calculators forbidden in the examination at {e}? // Must I leave my calculator at home for the examination at {e}?
Dictionaries must not be used. | Are dictionaries ruled out at {e}? | May I use a dictionary at {e}? // Is a dictionary permitted at {e}?
Attendance is voluntary. | Can one stay away from lessons at {e}? // Is it up to students of {e} whether they attend? | Must one attend at {e}? // Is attendance compulsory at {e}?
Attendance is compulsory. | Must one attend at {e}? | Can one stay away from lessons at {e}? // Is attendance voluntary at {e}?
Classes have no more than {n:8:30} pupils. | May a class of {e} have {<} pupils? | May a class of {e} have {>} pupils? // Are classes of {>} found at {e}?
There is no school on Saturdays. | Are Saturdays free at {e}? | Is there school on Saturdays at {e}? // Do pupils of {e} come in on Saturdays?
Instruments are lent for one year. | Does {e} lend instruments? // Can a pupil of {e} borrow an instrument? | Must every pupil of {e} buy an instrument? // Are pupils of {e} unable to borrow instruments?
Lunch is free for children under {n:8:14}. | Does a child of {<} eat for nothing at {e}? | Does a child of {>} eat for nothing at {e}? // Is lunch free at {e} for a child of {>}?
Certificates are sent by post, never by e-mail. | Does {e} post certificates? | Can I get my certificate from {e} by e-mail? // Does {e} e-mail certificates?
Parents need not be present. | Can parents of pupils at {e} stay away? | Must parents come along to {e}? // Is it required at {e} that parents are there?
""",
    ),
    "firms": (
        ("{name company}", "{name town} Ferries", "{name town} Airport", "{name town} Zoo"),
        """
Bags of up to {n:8:32} kg are carried free of charge. | Is a bag of {<} kg carried free at {e}? // Can I take {<} kg without paying at {e}? | Can I bring a {>} kg bag for free to {e}? // Is {>} kg of baggage free at {e}?
Hand luggage must not weigh more than {n:5:15} kg. | Is X allowed to carry {<} kg by hand at {e}? // May hand luggage weigh {<} kg at {e}? | May hand luggage weigh {>} kg at {e}? // Is {>} kg of hand luggage fine at {e}?
Children under {n:4:16} travel free. | Does a child of {<} travel free with {e}? | Does a child aged {>} travel free with {e}?
The office is open from Monday to Friday only. | Is {e} open on Wednesday? // Can I come to {e} on a Thursday? | Is {e} open on Sundays? // Is the office of {e} open on Saturday?
Tickets are not refundable. | Are tickets of {e} non-refundable? | Can I get my money back for a ticket of {e}? // Are tickets for {e} refundable?
Tickets can be refunded until {n:2:30} days before the date. | Can a ticket for {e} be refunded {>} days before? | Can I get a refund from {e} {<} days before the date? // Is a refund possible {<} days before at {e}?
Goods may be returned within {n:14:60} days. | Can goods be sent back to {e} after {<} days? // Is a return accepted by {e} on day {<}? | Can I still return goods to {e} after {>} days?
Employees may carry over up to {n:3:12} days of leave. | May an employee of {e} carry over {<} days? | May an employee of {e} carry over {>} days?
Remote work is allowed on {n:2:4} days a week. | Is remote work allowed at {e}? | Is remote work forbidden at {e}? // Does {e} ban working from home?
Payment by cheque is not accepted. | Does {e} refuse cheques? | Can I pay by cheque at {e}? // Does {e} accept cheques?
Cards and cash are both accepted. | Can I pay cash at {e}? // Does {e} take cards? | Is {e} cash only? // Does {e} refuse cash?
Visitors must wear a badge. | Do visitors of {e} have to wear a badge? | May visitors of {e} go without a badge?
The offer is valid until 30 June 2026. | Is the offer of {e} valid on 12 May 2026? | Is the offer of {e} still valid on 4 August 2026?
""",
    ),
    "places": (
        (
            "{name town} Pool",
            "Hotel {name town}",
            "{name town} Museum",
            "Camp {name town}",
            "{name town} Library",
            "{name town} Gardens",
        ),
        """
The minimum age is {n:6:21} years. | Can somebody aged {>} take part at {e}? // Is a person of {>} old enough for {e}? | Can somebody aged {<} take part at {e}? // Is a person of {<} old enough for {e}?
Groups of more than {n:8:30} persons must book ahead. | Must a group of {>} book ahead at {e}? | Must a group of {<} people book ahead at {e}?
Dogs are not allowed inside. | Are dogs forbidden inside {e}? // Must dogs stay outside at {e}? | Are dogs allowed inside {e}? // Can I bring my dog into {e}?
Dogs on a lead are welcome. | Are dogs on a lead welcome at {e}? // Can I bring a dog on a lead to {e}? | Are dogs banned from {e} altogether? // Is it forbidden to bring a dog on a lead to {e}?
The house is closed on Mondays. | Is {e} closed on Mondays? | Is {e} open on Mondays? // Can I visit {e} on a Monday?
Doors close at {n:15:22}:00. | Can I still enter {e} at {<}:30? | Can I still enter {e} at {>}:30?
Photography is permitted without flash. | May I take photos without flash at {e}? // Is photography without flash permitted at {e}? | Is flash photography allowed at {e}? // May I use a flash at {e}?
Smoking is prohibited on the whole site. | Is smoking prohibited at {e}? | Is smoking allowed at {e}? // Can you smoke anywhere at {e}?
The lift is out of order until further notice. | Is the lift at {e} out of order? | Does the lift at {e} work? // Can I use the lift at {e}?
Wheelchairs can be borrowed free of charge. | Can wheelchairs be borrowed for nothing at {e}? // Are wheelchairs lent out at {e}? | Does {e} charge for wheelchairs? // Does borrowing a wheelchair cost anything at {e}?
Parking is free after {n:16:20}:00. | Is parking free at {e} at {>}:30? | Is parking free at {e} at {<}:15?
Swimming is allowed between May and September. | Can one swim at {e} in July? // Is swimming allowed at {e} in June? | Can one swim at {e} in January? // Is swimming allowed at {e} in November?
Children under {n:4:16} travel free. | Does a child of {<} travel free with {e}? | Does a child aged {>} travel free with {e}?
Tickets are not refundable. | Are tickets of {e} non-refundable? | Can I get my money back for a ticket of {e}? // Are tickets for {e} refundable?
Tickets can be refunded until {n:2:30} days before the date. | Can a ticket for {e} be refunded {>} days before? | Can I get a refund from {e} {<} days before the date? // Is a refund possible {<} days before at {e}?
Payment by cheque is not accepted. | Does {e} refuse cheques? | Can I pay by cheque at {e}? // Does {e} accept cheques?
Cards and cash are both accepted. | Can I pay cash at {e}? // Does {e} take cards? | Is {e} cash only? // Does {e} refuse cash?
Visitors must wear a badge. | Do visitors of {e} have to wear a badge? | May visitors of {e} go without a badge?
""",
    ),
    "software": (
        ("{name software} {id version}", "{name software}"),
        """
Uploads are limited to {n:5:500} MB. | Can a file of {<} MB be uploaded to {e}? // Is {<} MB within the upload limit of {e}? | Can a file of {>} MB be uploaded to {e}? // Does {e} accept a {>} MB upload?
Passwords need at least {n:8:20} characters. | Is a password of {>} characters long enough for {e}? | Is a password of {<} characters long enough for {e}?
Encryption is switched on by default. | Is encryption on by default in {e}? | Is encryption off by default in {e}? // Must encryption be enabled by hand in {e}?
Telemetry is disabled unless you enable it. | Is telemetry off by default in {e}? | Does {e} send telemetry by default? // Is telemetry enabled out of the box in {e}?
Anonymous access is not supported. | Does {e} require an account? | Can {e} be used anonymously? // Does {e} support anonymous access?
The parameter is optional. | Can the parameter of {e} be left out? // Is the parameter optional in {e}? | Is the parameter of {e} required? // Must the parameter be given in {e}?
The API is thread-safe. | Is {e} safe to call from several threads? // Is {e} thread-safe? | Must calls to {e} be locked because it is not thread-safe?
This function is deprecated and will be removed. | Is the function in {e} deprecated? | Will the function in {e} stay without being removed?
The licence permits commercial use. | May {e} be used commercially? // Does the licence of {e} permit commercial use? | Is commercial use of {e} forbidden?
Windows is not supported. | Is Windows unsupported by {e}? | Does {e} run on Windows? // Is Windows supported by {e}?
Names may hold up to {n:16:255} characters. | May a name in {e} be {<} characters long? | May a name in {e} be {>} characters long?
Keys expire after {n:7:365} days. | Has a key of {e} expired after {>} days? | Has a key of {e} expired after {<} days?
Null values are allowed in every field. | Are null values allowed by {e}? | Does {e} reject null values? // Are nulls forbidden in {e}?
At most {n:4:64} connections can be open at once. | Can {<} connections to {e} be open at once? | Can {>} connections to {e} be open at the same time?
""",
    ),
    "products": (
        ("the {name model}", "the {name model}"),
        """
Do not use {e} during pregnancy. | Should {e} be avoided during pregnancy? | Can {e} be used during pregnancy? // Is {e} safe for pregnant women?
{E} is dishwasher-safe up to {n:40:75} °C. | Can {e} go in the dishwasher at {<} °C? // Is {e} dishwasher-safe? | Can {e} be washed in the machine at {>} °C?
The maximum load is {n:60:900} kg. | Can {e} bear {<} kg? // Is a load of {<} kg within the limit of {e}? | Can {e} bear {>} kg? // Is it safe to put {>} kg on {e}?
It works at temperatures down to -{n:5:30} °C. | Does {e} work at -{<} °C? | Does {e} work at -{>} °C?
The warranty does not cover water damage. | Is water damage excluded from the warranty of {e}? | Does the warranty of {e} cover water damage?
The device may be used outdoors. | May {e} be used outdoors? // Is outdoor use of {e} allowed? | Is {e} for indoor use only? // Is outdoor use of {e} prohibited?
Keep it away from children under {n:3:8} years. | Must {e} be kept away from a child of {<}? | Must {e} be kept away from a child of {>}?
Only original batteries may be used. | Must original batteries be used in {e}? | Can other makers' batteries be used in {e}? // Are third-party batteries allowed in {e}?
It is not suitable for use in wet rooms. | Is {e} unsuitable for bathrooms and other wet rooms? | Can {e} be used in wet rooms? // Is {e} suitable for wet rooms?
The filter can be washed up to {n:3:30} times. | Can the filter of {e} be washed {<} times? | Can the filter of {e} be washed {>} times?
It switches off by itself after {n:5:60} minutes. | Does {e} switch off by itself? | Must {e} always be switched off by hand? // Does {e} stay on for ever?
Spare parts are available for {n:5:15} years. | Are spare parts for {e} available after {<} years? | Can one count on spare parts for {e} after {>} years?
""",
    ),
}
