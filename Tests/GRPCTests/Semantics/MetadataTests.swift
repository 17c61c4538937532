import Testing

@testable import GRPC
@testable import HTTP2

/// Reads `fields` as a request's recorded head would be read.
private func copied(_ fields: [(String, String)]) -> Metadata {
  var block = HeaderBlock()
  for (name, value) in fields {
    Array(name.utf8).withUnsafeBytes { name in
      Array(value.utf8).withUnsafeBytes { block.append(name: name, value: $0) }
    }
  }
  return MetadataView(HeaderFields(RawSpan(_unsafeBytes: block.buffer))).copy()
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct MetadataTests {
  @Test func `values of a name keep their order, names are lower case`() {
    var metadata = Metadata()
    #expect(metadata.isEmpty)
    metadata.add("Key", "1")
    metadata.add("other", "x")
    metadata.add("key", "2")
    #expect(metadata["key"] == [bytes("1"), bytes("2")])
    #expect(metadata.text("key") == "1")
    #expect(metadata["missing"].isEmpty && metadata.text("missing") == nil)
    #expect(metadata.fields.map(\.name) == ["key", "other", "key"])
  }

  @Test func `the protocol's own names are reserved`() {
    for name in [
      ":path", ":status", "grpc-timeout", "grpc-status", "grpc-anything-bin", "content-type", "te",
      "user-agent", "content-length", "connection", "transfer-encoding", "upgrade",
    ] {
      #expect(Metadata.isReserved(name), "\(name)")
    }
    for name in ["authorization", "grpc", "x-grpc-id", "tea", "traceparent", "grpcx-id"] {
      #expect(!Metadata.isReserved(name), "\(name)")
    }
  }

  @Test func `a head's own fields are left out of the copy`() {
    let metadata = copied([
      (":method", "POST"), (":path", "/a/b"), ("te", "trailers"), ("grpc-timeout", "1S"),
      ("content-type", "application/grpc"), ("user-agent", "test"), ("authorization", "Bearer x"),
    ])
    #expect(metadata.fields.map(\.name) == ["authorization"])
    #expect(metadata.text("authorization") == "Bearer x")
  }

  @Test func `binary values are decoded, padded or not, and split on commas first`() {
    let metadata = copied([("a-bin", "Zg"), ("a-bin", "Zg=="), ("b-bin", "Zm8=,Zm9v,Zg")])
    #expect(metadata["a-bin"] == [bytes("f"), bytes("f")])
    #expect(metadata["b-bin"] == [bytes("fo"), bytes("foo"), bytes("f")])
  }

  @Test func `an empty binary value is an empty value`() {
    #expect(copied([("a-bin", "")])["a-bin"] == [[]])
  }

  @Test func `a binary value that is not base64 is left out, its neighbours are not`() {
    let metadata = copied([("a-bin", "Zg,*,Zm8"), ("b-bin", "!"), ("c", "1,2")])
    #expect(metadata["a-bin"] == [bytes("f"), bytes("fo")])
    #expect(metadata["b-bin"].isEmpty)
    // Commas mean nothing in text.
    #expect(metadata["c"] == [bytes("1,2")])
  }

  @Test func `empty values, odd ASCII and repeated names come as they were sent`() {
    let odd = "a=b; c,\t\"d\" ~\u{e9}"
    let metadata = copied([("x", ""), ("x", odd), ("x", ""), ("!#$%&'*+-.^_`|~", "1")])
    #expect(metadata["x"] == [[], bytes(odd), []])
    #expect(metadata.fields.count == 4)
  }

  @Test func `what HTTP/2 cannot carry is known beforehand, and what came can go`() {
    for (name, value) in [
      ("x", "a\tb"), ("x", "\u{e9}"), ("x-bin", "\0\n"), ("!#$%&'*+-.^_`|~", ""),
    ] {
      #expect(Metadata.isValid(name, bytes(value)), "\(name)")
    }
    for (name, value) in [
      ("", "1"), ("x y", "1"), ("X", "1"), ("x:", "1"), ("\u{e9}", "1"), ("x", "a\nb"),
      ("x", "\0"), ("x", "\u{7f}"), ("x", "\r"), ("te", "trailers"), ("grpc-x", "1"),
    ] {
      #expect(!Metadata.isValid(name, bytes(value)), "\(name)")
    }
  }

  @Test func `binary values are sent as base64 without padding, text as it is`() {
    var metadata = Metadata()
    metadata.add("a-bin", bytes: [0x66])
    metadata.add("b", "text")
    let fields = metadata.headerFields
    #expect(fields.map(\.name) == ["a-bin", "b"])
    #expect(fields.map(\.value) == [bytes("Zg"), bytes("text")])
  }

  @Test func `a view finds the first value of a name as it came`() throws {
    var block = HeaderBlock()
    for (name, value) in [("a-bin", "Zg"), ("b", "1"), ("b", "2")] {
      bytes(name).withUnsafeBytes { name in
        bytes(value).withUnsafeBytes { block.append(name: name, value: $0) }
      }
    }
    let view = MetadataView(HeaderFields(RawSpan(_unsafeBytes: block.buffer)))
    let (first, encoded, missing) = (
      view.first("b")?.text, view.first("a-bin")?.text, view.first("c")?.text
    )
    #expect(first == "1" && encoded == "Zg" && missing == nil)
  }
}
