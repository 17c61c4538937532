import Testing

@testable import larder

@Suite struct ScreenTests {
  private func size(_ columns: Int, _ rows: Int) -> TerminalSize {
    TerminalSize(columns: columns, rows: rows)
  }

  @Test func `a line that fills its row takes one, and a character more makes it two`() {
    let size = self.size(4, 10)
    #expect(size.rows(of: ["", "1234", "12345", "12345678", "123456789"]) == 1 + 1 + 2 + 2 + 3)
  }

  @Test func `a line is clipped so that the cursor stays in its row`() {
    #expect(self.size(4, 1).clip("123") == "123")
    #expect(self.size(4, 1).clip("1234") == "123")
    #expect(self.size(1, 1).clip("1234") == "")
  }

  @Test func `the cursor goes up over the rows that a text takes, be they more than its lines`() {
    let text = "123456\n\n12\n"
    #expect(Screen.back(over: text, in: self.size(80, 24)) == "\r\u{1b}[3A\u{1b}[J")
    #expect(Screen.back(over: text, in: self.size(4, 24)) == "\r\u{1b}[4A\u{1b}[J")
    #expect(Screen.back(over: text, in: nil) == "\r\u{1b}[3A\u{1b}[J")
  }

  @Test func `nothing is cleared before something was shown`() {
    #expect(Screen.back(over: "", in: self.size(80, 24)) == "")
  }

  @Test func `the cursor goes no further than to the top of a window that has become smaller`() {
    #expect(Screen.back(over: "1\n2\n3\n", in: self.size(80, 2)) == "\r\u{1b}[1A\u{1b}[J")
    #expect(Screen.back(over: "1\n2\n3\n", in: self.size(80, 1)) == "\r\u{1b}[J")
  }

  @Test func `a text that fits is shown whole, with a row left for the cursor`() {
    let text = "1\n2\n3\n"
    #expect(Screen.fitting(text, in: self.size(80, 4)) == text)
    #expect(Screen.fitting(text, in: nil) == text)
    #expect(Screen.fitting(text, in: self.size(80, 3)) == "1\n... and 2 more lines\n")
  }

  @Test func `lines that take two rows leave room for fewer`() {
    let text = String(repeating: String(repeating: "x", count: 30) + "\n", count: 4)
    #expect(Screen.fitting(text, in: self.size(30, 5)) == text)
    #expect(
      Screen.fitting(text, in: self.size(29, 5))
        == String(repeating: "x", count: 30) + "\n... and 3 more lines\n")
  }

  @Test func `a window of a few cells shows what there is room for`() {
    #expect(Screen.fitting("1\n2\n", in: self.size(10, 2)) == "... and 2\n")
    #expect(Screen.fitting("1\n2\n", in: self.size(10, 1)) == "... and 2\n")
  }
}
