import Cluster
import Testing

@testable import Node

@Suite struct DrainProgressTests {
  private enum Event: CaseIterable {
    case left, notLeft, drained, leftBehind
  }

  private func progress(after events: Event...) -> DrainProgress {
    var progress = DrainProgress()
    for event in events {
      switch event {
      case .left: progress.left(true)
      case .notLeft: progress.left(false)
      case .drained: progress.handedOver(butFor: nil)
      case .leftBehind: progress.handedOver(butFor: LeftBehind())
      }
    }
    return progress
  }

  @Test func `a node leaves, then hands over, then is drained`() {
    #expect(self.progress().state == .leaving)
    #expect(self.progress(after: .left).state == .handingOver)
    #expect(self.progress(after: .left, .drained).state == .drained)
    #expect(self.progress(after: .left, .leftBehind).state == .leftBehind)
    #expect(self.progress(after: .notLeft).state == .notLeft)
  }

  @Test func `nothing is handed over before all others know that the node leaves`() {
    #expect(self.progress(after: .drained).state == .leaving)
    #expect(self.progress(after: .leftBehind).state == .leaving)
  }

  @Test(arguments: DrainProgress.State.allCases)
  func `what is over stays so, and begins anew only where something is left to do`(
    _ state: DrainProgress.State
  ) {
    let all = [
      self.progress(), self.progress(after: .left), self.progress(after: .left, .drained),
      self.progress(after: .left, .leftBehind), self.progress(after: .notLeft),
    ]
    guard let progress = all.first(where: { $0.state == state }) else {
      Issue.record("no way leads to \(state)")
      return
    }
    #expect(progress.isOver == (state == .leftBehind || state == .notLeft))
    guard progress.isOver || state == .drained else { return }
    for event in Event.allCases {
      var later = progress
      switch event {
      case .left: later.left(true)
      case .notLeft: later.left(false)
      case .drained: later.handedOver(butFor: nil)
      case .leftBehind: later.handedOver(butFor: LeftBehind())
      }
      #expect(later == progress)
    }
  }
}
