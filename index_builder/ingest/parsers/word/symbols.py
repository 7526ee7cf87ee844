"""Characters that Word draws with a symbol font -> what they mean, where that is known.

Knows the fonts Symbol (Adobe's encoding) and Wingdings; others hide what they mean.
"""

GREEK = dict(
    zip(
        range(0x61, 0x7B),
        "\u03b1\u03b2\u03c7\u03b4\u03b5\u03c6\u03b3\u03b7\u03b9\u03d5\u03ba\u03bb\u03bc"
        "\u03bd\u03bf\u03c0\u03b8\u03c1\u03c3\u03c4\u03c5\u03d6\u03c9\u03be\u03c8\u03b6",
        strict=True,
    )
)
CAPITALS = dict(
    zip(
        range(0x41, 0x5B),
        "\u0391\u0392\u03a7\u0394\u0395\u03a6\u0393\u0397\u0399\u03d1\u039a\u039b\u039c"
        "\u039d\u039f\u03a0\u0398\u03a1\u03a3\u03a4\u03a5\u03c2\u03a9\u039e\u03a8\u0396",
        strict=True,
    )
)
SIGNS = {
    0x2D: "\u2212", 0xA2: "\u2032", 0xA3: "\u2264", 0xA5: "\u221e", 0xAB: "\u2194", 0xAC: "\u2190",
    0xAD: "\u2191", 0xAE: "\u2192", 0xAF: "\u2193", 0xB0: "\u00b0", 0xB1: "\u00b1", 0xB2: "\u2033",
    0xB3: "\u2265", 0xB4: "\u00d7", 0xB7: "\u2022", 0xB8: "\u00f7", 0xB9: "\u2260", 0xBA: "\u2261",
    0xBB: "\u2248", 0xCE: "\u2208", 0xD6: "\u221a",
}  # fmt: skip
FONTS = {
    "symbol": {**GREEK, **CAPITALS, **SIGNS},
    "wingdings": {0x6F: "\u2610", 0xA8: "\u2610", 0xFB: "\u2717", 0xFC: "\u2713", 0xFD: "\u2612",
                  0xFE: "\u2611", 0xE0: "\u2192"},
}  # fmt: skip


def symbol(font: str, code: str) -> str:
    """The character of this number, in hexadecimal; "" where the font alone knows it.

    >>> symbol("Symbol", "F0B0"), symbol("Webdings", "F0B0"), symbol("Arial", "00B5")
    ('\u00b0', '', '\u00b5')
    """
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if not 0xE000 <= number <= 0xF8FF:
        return chr(number) if number < 0x110000 else ""
    number &= 0xFF
    known = FONTS.get(font.lower(), {})
    is_plain = font.lower() == "symbol" and 0x20 <= number < 0x40
    return known.get(number, chr(number) if is_plain else "")
