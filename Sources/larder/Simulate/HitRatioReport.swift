import CacheStore

/// What a simulation found, for people and for plots.
struct HitRatioReport: Equatable {
  let requests: Int
  let distinctKeys: Int
  let policies: [EvictionPolicy]
  /// In entries.
  let sizes: [Int]
  /// By size, then by policy; from 0 to 1.
  let ratios: [[Double]]

  /// A line for each size, a column for each policy; the best of each line has a star.
  var text: String {
    var table = TextTable(
      [.right, .right] + Array(repeating: .right, count: self.policies.count))
    table.add(["entries", "of keys"] + self.policies.map { "\($0.rawValue)  " })
    for (size, ratios) in zip(self.sizes, self.ratios) {
      let best = ratios.max() ?? 0
      table.add(
        [
          DecimalText.grouped(UInt64(size)),
          DecimalText.percent(UInt64(size), of: UInt64(self.distinctKeys)),
        ]
          + ratios.map {
            DecimalText.fixed($0 * 100, places: 2) + ($0 == best && best > 0 ? " *" : "  ")
          })
    }
    return "\(DecimalText.grouped(UInt64(self.requests))) requests for "
      + "\(DecimalText.grouped(UInt64(self.distinctKeys))) keys; hits in per cent, the best with *\n\n"
      + table.text
  }

  var json: JSONText {
    .object([
      ("requests", .integer(Int64(self.requests))),
      ("distinct_keys", .integer(Int64(self.distinctKeys))),
      (
        "results",
        .array(
          zip(self.sizes, self.ratios).map { size, ratios in
            .object(
              [("entries", .integer(Int64(size)))]
                + zip(self.policies, ratios).map {
                  ($0.rawValue, .decimal($1, places: 6))
                })
          })
      ),
    ])
  }

  // MARK: The curve

  private static let colors = ["#1b6ca8", "#d1495b", "#2e933c", "#7d3c98", "#e08e0b"]
  private static let width = 760.0
  private static let height = 460.0
  private static let left = 60.0
  private static let right = 140.0
  private static let top = 30.0
  private static let bottom = 60.0

  /// A curve for each policy as an SVG document: hit ratio over size, both linear.
  var svg: String {
    let largest = Double(self.sizes.max() ?? 1)
    func x(_ size: Double) -> Double {
      Self.left + size / largest * (Self.width - Self.left - Self.right)
    }
    func y(_ ratio: Double) -> Double {
      Self.height - Self.bottom - ratio * (Self.height - Self.top - Self.bottom)
    }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.number(Self.width)) "
        + "\(Self.number(Self.height))\" font-family=\"sans-serif\" font-size=\"12\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
    ]
    for step in 0...5 {
      let ratio = Double(step) / 5
      lines.append(
        "<path d=\"M\(Self.number(x(0))) \(Self.number(y(ratio)))H\(Self.number(x(largest)))\" "
          + "stroke=\"#ddd\"/>")
      lines.append(
        Self.text("\(step * 20) %", x: Self.left - 8, y: y(ratio) + 4, anchor: "end"))
      let size = UInt64((largest * ratio).rounded())
      lines.append(
        Self.text(
          DecimalText.grouped(size), x: x(largest * ratio), y: Self.height - Self.bottom + 18,
          anchor: "middle"))
    }
    lines.append(
      Self.text("entries", x: x(largest / 2), y: Self.height - 16, anchor: "middle"))
    lines.append(Self.text("hit ratio", x: Self.left, y: Self.top - 12, anchor: "middle"))
    let order = self.sizes.indices.sorted { self.sizes[$0] < self.sizes[$1] }
    for (index, policy) in self.policies.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let points = order.map {
        "\(Self.number(x(Double(self.sizes[$0])))),\(Self.number(y(self.ratios[$0][index])))"
      }
      lines.append(
        "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" "
          + "stroke=\"\(color)\" stroke-width=\"2\"/>")
      for point in points {
        let place = point.split(separator: ",")
        lines.append("<circle cx=\"\(place[0])\" cy=\"\(place[1])\" r=\"3\" fill=\"\(color)\"/>")
      }
      let legend = Self.top + 12 + Double(index) * 20
      lines.append(
        "<rect x=\"\(Self.number(Self.width - Self.right + 16))\" "
          + "y=\"\(Self.number(legend - 9))\" width=\"12\" height=\"12\" fill=\"\(color)\"/>")
      lines.append(
        Self.text(policy.rawValue, x: Self.width - Self.right + 34, y: legend + 1, anchor: "start"))
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private static func text(_ text: String, x: Double, y: Double, anchor: String) -> String {
    "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor)\">\(text)</text>"
  }

  private static func number(_ value: Double) -> String { DecimalText.fixed(value, places: 1) }
}
