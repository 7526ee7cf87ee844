"""Days, times of day and opening hours in the many ways documents write them.

Knows a calendar's words; does not know what happens on a day.
"""

from __future__ import annotations

from random import Random

from trainer.reader.questions.invented.names import words

MONTHS = words("""
    January February March April May June July August September October November December
""")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def date_text(random: Random, year: int) -> str:
    """One day, in one of many formats."""
    month, day = random.randrange(12), random.randint(1, 28)
    name = MONTHS[month]
    return random.choice(
        (
            f"{day} {name} {year}",
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{year}-{month + 1:02d}-{day:02d}",
            f"{day:02d}-{name[:3]}-{year}",
            f"{day:02d}/{month + 1:02d}/{year}",
            f"{day}.{month + 1}.{year}",
            f"{random.choice(DAYS)}, {day} {name} {year}",
            f"{name} {year}",
            f"{day} {name[:3]} {year}",
        )
    )


def clock(random: Random) -> str:
    """A time of day."""
    hour, minute = random.randint(6, 22), random.choice((0, 0, 15, 30, 45))
    if random.random() < 0.3:
        return f"{(hour - 1) % 12 + 1}{f':{minute:02d}' if minute else ''} {'am' if hour < 12 else 'pm'}"  # noqa: E501
    return f"{hour:02d}:{minute:02d}"


def opening_hours(random: Random) -> str:
    """Days of the week with the hours between which something is open."""
    start, end = random.randint(7, 11), random.randint(15, 21)
    days = random.choice(
        ("Mon–Fri", "Monday to Friday", "Tuesday to Sunday", "Mon-Sat", "daily", "weekdays")
    )
    shut = random.choice(
        ("", "", ", closed on public holidays", "; Saturday until 13:00", "; Sunday closed")
    )
    return f"{days} {start:02d}:{random.choice(('00', '30'))}–{end}:00{shut}"
