"""What the interop tests share: a real node, generated stubs, errors, raw HTTP/2."""
