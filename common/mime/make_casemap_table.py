#!/usr/bin/env python3
"""Prints casemap_table.cc: what casemap() makes of each code point that it changes (RFC 5051 §2)."""
import sys
import unicodedata

LINE_OCTETS = 108
SEPARATOR = "|"  # its full-width form is casemap.cc's to know


def titlecase(c):
    """The simple title case mapping: one code point, where there is one."""
    upper = unicodedata.normalize("NFC", c.title())
    return upper if len(upper) == 1 else c


def casemap(c):
    return unicodedata.normalize("NFKD", titlecase(c))


def is_hangul_syllable(code_point):
    return 0xAC00 <= code_point <= 0xD7A3  # parted by arithmetic


def entries():
    for code_point in range(0x80, 0x110000):
        if 0xD800 <= code_point <= 0xDFFF or is_hangul_syllable(code_point):
            continue
        c = chr(code_point)
        mapped = casemap(c)
        if mapped != c and SEPARATOR not in mapped:
            yield c + mapped


def literal(text):
    return "".join(c if c.isascii() and c not in '"\\' else "\\" + c if c in '"\\' else c for c in text)


def main():
    print("// Made by make_casemap_table.py from Unicode %s; not to be edited by hand." % unicodedata.unidata_version)
    print('#include "common/mime/casemap_table.h"\n\nnamespace posthaste::mime {\n')
    print("// clang-format off\nconst std::string_view kCasemapTable =")
    line = ""
    for entry in entries():
        line += literal(entry) + SEPARATOR
        if len(line.encode()) > LINE_OCTETS:
            print('    "%s"' % line)
            line = ""
    print('    "%s";\n// clang-format on\n\n}  // namespace posthaste::mime' % line)


sys.exit(main())
