internal import NIOCore

/// What every call of one turn of a connection looks at.
///
/// In raw memory: each look at a variable property of a class is checked for exclusivity, which for
/// those that every call looks at several times came to 2 % of a call.
struct Turn {
  var now: NIODeadline
  var isReading = false
  var isUp = false
  var hasServerRoom = true
}
