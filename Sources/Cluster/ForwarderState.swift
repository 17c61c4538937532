/// What every call of one event loop looks at, or every forward changes. In raw memory: each look at a variable property of a
/// class is checked for exclusivity, which came to 3 % of a forwarded call.
struct ForwarderState {
  var forwards = ForwardTable()
  var flights: ReadFlights
  var counts = ForwardCounts()
  /// What of this node's keys is not here yet.
  var arrivals = Arrivals.none
  /// `arrivals` is not empty.
  var hasArrivals = false
}
