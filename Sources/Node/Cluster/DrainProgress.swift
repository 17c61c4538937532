internal import Cluster

/// How far a node is that hands over all that it holds.
struct DrainProgress: Equatable, Sendable {
  /// Where it stands; the raw values are those of `larder.v1.DrainStatus`.
  enum State: String, CaseIterable, Sendable {
    /// The others are told, and hear of it. Can go to `handingOver` or `notLeft`.
    case leaving
    /// They are getting what the node held. Can go to `drained` or `leftBehind`.
    case handingOver = "handing_over"
    /// They have it. Final.
    case drained
    /// They did not have it in time, or have not come for it. Can go to `leaving`.
    case leftBehind = "left_behind"
    /// etcd could not be told in time. Can go to `leaving`.
    case notLeft = "not_left"
  }

  private(set) var state = State.leaving
  /// What others have not got.
  private(set) var left = LeftBehind()

  /// Whether to be told once more begins it anew.
  var isOver: Bool { self.state == .leftBehind || self.state == .notLeft }

  /// The node is off the ring; or time was over before etcd was told.
  mutating func left(_ hasLeft: Bool) {
    guard self.state == .leaving else { return }
    self.state = hasLeft ? .handingOver : .notLeft
  }

  /// - Parameter left: what others have not got; nil: they have all.
  mutating func handedOver(butFor left: LeftBehind?) {
    guard self.state == .handingOver else { return }
    self.state = left == nil ? .drained : .leftBehind
    self.left = left ?? LeftBehind()
  }
}

/// A drain, and the task that it goes on in.
struct Draining: Sendable {
  var progress = DrainProgress()
  /// Nil: whoever stops the node does it.
  let task: Task<Void, Never>?
}
