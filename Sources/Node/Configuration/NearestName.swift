/// The candidate that a mistyped name most likely meant, or nil where none is near.
///
/// Near is an optimal string alignment distance (insertions, deletions, substitutions and swaps of
/// neighbours) of at most a third of the name's length, or 1. The first of equals wins.
func nearestName(to name: String, among candidates: [String]) -> String? {
  let typed = Array(name.lowercased().utf8.prefix(nearestNameBytesMax))
  var best: (name: String, distance: Int)?
  for candidate in candidates {
    let distance = alignmentDistance(typed, Array(candidate.lowercased().utf8))
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  guard let best, best.distance <= max(1, typed.count / 3) else { return nil }
  return best.name
}

/// The distance costs the product of both lengths, and a name from a file may be of any length.
let nearestNameBytesMax = 64

/// ` Did you mean memory?`, or nothing.
func suggestion(for name: String, among candidates: [String]) -> String {
  guard let nearest = nearestName(to: name, among: candidates) else { return "" }
  return " Did you mean \(nearest)?"
}

/// Three rows of the classic table are enough: a swap looks back two rows.
private func alignmentDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var beforeLast = [Int](repeating: 0, count: right.count + 1)
  var last = Array(0...right.count)
  for row in left.indices {
    var current = [row + 1]
    for column in right.indices {
      var cost = min(
        last[column + 1] + 1,
        current[column] + 1,
        last[column] + (left[row] == right[column] ? 0 : 1))
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        cost = min(cost, beforeLast[column - 1] + 1)
      }
      current.append(cost)
    }
    (beforeLast, last) = (last, current)
  }
  return last[right.count]
}
