/// Rows in columns that are as wide as their widest cell, two spaces apart.
struct TextTable {
  /// How the cells of a column stand.
  enum Alignment {
    case left, right
  }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// A table without rows; a row has as many cells as there are alignments.
  init(_ alignments: [Alignment]) {
    self.alignments = alignments
  }

  mutating func add(_ cells: [String]) {
    precondition(cells.count == self.alignments.count, "a row has one cell for each column")
    self.rows.append(cells)
  }

  /// The rows as lines, each ended by a newline and without spaces before it.
  var text: String {
    let widths = self.alignments.indices.map { column in
      self.rows.map { $0[column].count }.max() ?? 0
    }
    return self.rows.map { row in
      let cells = row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return self.alignments[column] == .left ? row[column] + padding : padding + row[column]
      }
      let line = cells.joined(separator: "  ")
      return line.prefix(line.count - line.reversed().prefix { $0 == " " }.count) + "\n"
    }.joined()
  }
}
