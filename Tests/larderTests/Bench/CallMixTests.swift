import Testing

@testable import larder

@Suite struct CallMixTests {
  @Test func `shares are proportions`() throws {
    let mix = try CallMix(parsing: "get=9,set=1")
    #expect(mix.shares[CallKind.get.rawValue] == 0.9)
    #expect(mix.kinds == [.get, .set])
    #expect(mix.description == "get=0.9,set=0.1")
    #expect(CallMix.standard == mix)
  }

  @Test func `all kinds have a name`() throws {
    let text = CallKind.allCases.map { "\($0.name)=1" }.joined(separator: ",")
    #expect(try CallMix(parsing: text).kinds == CallKind.allCases)
  }

  @Test(arguments: ["", "get", "get=", "get=x", "get=-1", "get=0", "get=nan", "get=inf", "get=1,"])
  func `what is no share is refused`(text: String) {
    #expect(throws: ArgumentRefusal.self) { try CallMix(parsing: text) }
  }

  @Test func `an unknown kind is refused with those that there are`() {
    let refusal = #expect(throws: ArgumentRefusal.self) { try CallMix(parsing: "fetch=1") }
    #expect(refusal?.description.contains("getmany") == true)
  }

  @Test func `a kind given twice is refused`() {
    #expect(throws: ArgumentRefusal.self) { try CallMix(parsing: "get=1,get=2") }
  }

  @Test func `kinds come as often as their shares, and those with none never`() throws {
    let mix = try CallMix(parsing: "get=0.7,incr=0.2,touch=0.1,set=0")
    var random = SplitMix64(seed: 1)
    var seen = [Int](repeating: 0, count: CallKind.allCases.count)
    for _ in 0..<100_000 { seen[mix.next(using: &random).rawValue] += 1 }
    #expect((69_000...71_000).contains(seen[CallKind.get.rawValue]))
    #expect((19_000...21_000).contains(seen[CallKind.increment.rawValue]))
    #expect((9_500...10_500).contains(seen[CallKind.touch.rawValue]))
    #expect(seen.reduce(0, +) == 100_000 && seen[CallKind.set.rawValue] == 0)
  }
}
