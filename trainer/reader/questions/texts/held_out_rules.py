"""Procedures and rules that training never sees, in the forms of goals.py and rules.py."""

# ruff: noqa: E501

from trainer.reader.questions.texts.rules import Rules

GOALS = """
charter {T} | Ask for the free dates by letter // Visit the moorings with the bosun // Agree on the route and the number of guests // Transfer {pct 20 50} of the price as a deposit // Sign the papers {qty 5 20 days} before sailing // Hand over the passenger list at the gangway
have a telescope night at {T} | Pick a moonless night from the almanac // Reserve the dome for {qty 2 5 hours} // Let the mirror cool for {qty 40 90 minutes} // Align the finder on Polaris // Take {qty 5 40} dark frames // Close the shutter before dawn
tune {T} | Loosen all strings by a quarter turn // Strike the fork at 440 Hz // Tighten the middle string until the beating stops // Work outwards in fifths // Check each octave with the page on temperaments // Let the instrument rest for {qty 1 3 days}
bind a volume for {T} | Fold the sheets into gatherings of {qty 4 10} // Pierce the folds with an awl // Sew them on {qty 2 5} linen tapes // Round the spine with a hammer // Glue on the boards // Press the book for {qty 8 30 hours}
re-rope {T} | Send the cabin to the lowest landing // Lock out the main switch // Clamp the old ropes // Pull in the new ones one by one // Equalise the tension to within {pct 2 9} // Ride {qty 10 30} times without passengers // Sign the inspection sheet
"""
RULES: Rules = {
    "library": (
        ("{name town} Archive", "{name town} Reading Society"),
        """
Maps may be copied on paper of up to A{n:2:3} size. | Can maps be copied on paper at {e}? // Does {e} let readers copy maps? | Are copies of maps ruled out altogether at {e}? // Is copying maps impossible at {e}?
Readers may order at most {n:4:12} boxes a day. | May a reader order {<} boxes in one day at {e}? | May a reader order {>} boxes in one day at {e}?
Ink pens are banned from the search room. | Are ink pens banned in the search room of {e}? | Can I take notes with an ink pen in the search room of {e}? // Are ink pens permitted in the search room of {e}?
Records become public after {n:30:80} years. | Is a record of {e} public when it is {>} years old? | Is a record of {e} public when it is {<} years old?
Laptops can be plugged in at every desk. | Is there a socket for a laptop at the desks of {e}? | Are laptops without power at the desks of {e}?
The catalogue is not available online. | Must one come in person to see the catalogue of {e} because it is not online? | Can the catalogue of {e} be searched online? // Is the catalogue of {e} on the internet?
Family researchers pay no fee. | Is {e} free of charge for family researchers? | Do family researchers have to pay at {e}?
""",
    ),
    "ship": (
        ("MV {name town}", "MS {name town}"),
        """
Passengers may stay on deck during loading. | May passengers stay on deck while {e} is loading? | Must passengers leave the deck of {e} during loading?
The galley serves hot meals until {n:20:22}:00. | Can one get a hot meal on {e} at {<}:15? | Can one get a hot meal on {e} at {>}:15?
Helicopters cannot land on this vessel. | Is it impossible to land a helicopter on {e}? | Can a helicopter land on {e}? // Is there a landing place for helicopters on {e}?
Each cabin holds up to {n:2:6} persons. | Can {<} persons share a cabin on {e}? | Can {>} persons share a cabin on {e}?
Seasick passengers get tablets from the purser. | Does the purser of {e} hand out tablets against seasickness? | Do seasick passengers of {e} have to bring all tablets themselves, since the purser has none?
The vessel is ice-strengthened. | Is {e} strengthened against ice? | Is {e} without any ice strengthening?
Firearms must be declared to the master. | Do firearms on {e} have to be declared? | Can firearms be kept on {e} without telling the master?
""",
    ),
}
