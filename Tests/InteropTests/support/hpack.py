"""As much of HPACK (RFC 7541) as a test client needs, written from the RFC.

It encodes every field as a literal that is not indexed; it decodes all that a server may send while
our SETTINGS allow it no dynamic table: static entries, literals, Huffman strings.
"""

# Code lengths of the symbols 0 to 256 (Appendix B). The code is canonical, so they say it all.
# fmt: off
_LENGTHS = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
]
# Appendix A; an empty value means that only the name is there.
_STATIC = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"),
    (":path", "/index.html"), (":scheme", "http"), (":scheme", "https"), (":status", "200"),
    (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"),
    (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""),
    ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""),
    ("authorization", ""), ("cache-control", ""), ("content-disposition", ""),
    ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""),
    ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""),
    ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""),
    ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""), ("location", ""),
    ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""),
    ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""),
    ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""),
    ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
]
# fmt: on


def _canonical(lengths):
    """(length, code) to symbol."""
    table, code, previous = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths)):
        code <<= length - previous
        table[length, code] = symbol
        code, previous = code + 1, length
    return table


_HUFFMAN = _canonical(_LENGTHS)


def _huffman(data):
    text, length, code = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            length, code = length + 1, code << 1 | byte >> shift & 1
            symbol = _HUFFMAN.get((length, code))
            if symbol is not None:
                text.append(symbol)
                length = code = 0
    assert length < 8 and code == (1 << length) - 1, "padding is the start of the EOS symbol"
    return bytes(text)


def _integer(data, offset, prefix_bits):
    limit = (1 << prefix_bits) - 1
    value = data[offset] & limit
    offset += 1
    if value < limit:
        return value, offset
    shift = 0
    while True:
        byte = data[offset]
        value += (byte & 0x7F) << shift
        offset, shift = offset + 1, shift + 7
        if byte < 0x80:
            return value, offset


def _string(data, offset):
    is_huffman = data[offset] & 0x80
    length, offset = _integer(data, offset, 7)
    text = data[offset : offset + length]
    assert len(text) == length, "the string ends within the block"
    return (_huffman(text) if is_huffman else text).decode("latin-1"), offset + length


def decode(data):
    """The fields of a header block, in order."""
    fields, offset = [], 0
    while offset < len(data):
        first = data[offset]
        if first & 0x80:  # an indexed field
            index, offset = _integer(data, offset, 7)
            fields.append(_STATIC[index - 1])
            continue
        if first & 0xE0 == 0x20:  # a change of the table's size, which we allowed to be 0
            size, offset = _integer(data, offset, 5)
            assert size == 0, "our SETTINGS allow no dynamic table"
            continue
        # A literal, to be indexed (6 bits of name index) or not (4 bits).
        index, offset = _integer(data, offset, 6 if first & 0x40 else 4)
        if index:
            name = _STATIC[index - 1][0]
        else:
            name, offset = _string(data, offset)
        value, offset = _string(data, offset)
        fields.append((name, value))
    return fields


def encode(fields):
    """A header block of literals without indexing."""
    block = bytearray()
    for name, value in fields:
        block.append(0x00)
        for text in (name.encode("latin-1"), value.encode("latin-1")):
            block += _length(len(text)) + text
    return bytes(block)


def _length(count):
    """An integer with a 7-bit prefix (section 5.1), the Huffman bit clear."""
    if count < 127:
        return bytes([count])
    rest, tail = count - 127, b""
    while rest >= 128:
        tail += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return bytes([127]) + tail + bytes([rest])
