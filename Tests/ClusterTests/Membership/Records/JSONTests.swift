import Testing

@testable import Cluster

@Suite struct JSONTests {
  @Test func `all kinds of values are read`() throws {
    let text =
      #" { "a" : [ null , true, false ], "b": {"c":-1.5e+3}, "d": "" , "e": [] , "f":{} } "#
    #expect(
      try value(text)
        == .object([
          "a": .array([.null, .bool(true), .bool(false)]), "b": .object(["c": .number("-1.5e+3")]),
          "d": .string(""), "e": .array([]), "f": .object([:]),
        ]))
  }

  @Test func `escapes are read, also of characters that take two`() throws {
    #expect(try value(#""\"\\\/\b\f\n\r\t""#) == .string("\"\\/\u{8}\u{C}\n\r\t"))
    #expect(try value(#""\u00e9\u20AC\ud83d\ude00x""#) == .string("é€😀x"))
  }

  @Test func `a string is read as it was quoted`() throws {
    let all = String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init))) + "😀"
    #expect(try value(JSONValue.quoted(all)) == .string(all))
    #expect(JSONValue.quoted("a\"\n") == #""a\"\u000a""#)
  }

  @Test(arguments: [
    "", " ", "nul", "truex", "[", "[1", "[1,", "[1,]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
    "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "1 2", "01", "-", "1.", ".5", "1e", "1e+",
    "+1",
    "0x10", "NaN", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\ud83dx\"",
    "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"a\nb\"", "'a'", "[1]]",
  ])
  func `a text that is no JSON is refused`(_ text: String) {
    #expect(throws: JSONFault.self) { try value(text) }
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    #expect(throws: JSONFault(what: "a string that is not UTF-8", offset: 2)) {
      try JSONValue(parsing: [0x22, 0xFF, 0x22])
    }
  }

  @Test func `a member that is there twice is refused by name`() {
    #expect(throws: JSONFault(what: #"the member "a" is there twice"#, offset: 12)) {
      try value(#"{"a":1,"a":2}"#)
    }
  }

  @Test func `values are nested as deep as the limit, and no deeper`() throws {
    let most = JSONValue.depthMax
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try value(nested(most))
    #expect(throws: JSONFault.self) { try value(nested(most + 2)) }
    #expect(throws: JSONFault.self) { try value(String(repeating: "[", count: 100_000)) }
  }

  @Test func `any bytes are read or refused`() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array(#"{}[]:,"\u0123456789.eE+-truefalsnl ab"#.utf8) + [0xC3, 0xA9, 0xFF, 0]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0..<24)).map { _ in
        alphabet.randomElement(using: &random) ?? 0
      }
      do throws(JSONFault) {
        _ = try JSONValue(parsing: text)
      } catch {
        #expect(error.offset <= text.count)
      }
    }
  }

  private func value(_ text: String) throws(JSONFault) -> JSONValue {
    try JSONValue(parsing: Array(text.utf8))
  }
}
