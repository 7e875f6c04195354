import SafeFiles
import Synchronization

/// Shows the progress of work on stderr: a line that is overwritten on a terminal, occasional lines elsewhere.
final class ProgressLine: Sendable {
  private struct State {
    /// The first update. What came before it, such as opening files, says nothing about the speed.
    var first: (done: Int, time: ContinuousClock.Instant)?
    var lastDraw = ContinuousClock.now
    var isDrawn = false
  }

  private let label: String
  private let total: Int
  private let unit: String
  private let state = Mutex(State())

  init(label: String, total: Int, unit: String) {
    self.label = label
    self.total = total
    self.unit = unit
  }

  func update(_ done: Int) {
    state.withLock { state in
      let first = state.first ?? (done, .now)
      state.first = first
      guard ContinuousClock.now - state.lastDraw >= Terminal.refreshInterval else { return }
      state.lastDraw = .now
      var text = "\(label): \(Format.grouped(done)) of \(Format.grouped(total)) \(unit)"
      if done > first.done {
        let elapsed = (ContinuousClock.now - first.time) / .seconds(1)
        let left = elapsed / Double(done - first.done) * Double(total - done)
        text += ", \(Format.duration(left)) left"
      }
      if Terminal.isInteractive {
        Terminal.write("\r\u{1B}[K" + String(text.prefix(Terminal.width - 1)))
        state.isDrawn = true
      } else {
        Terminal.line(text)
      }
    }
  }

  /// Ends the line.
  func finish() {
    state.withLock { state in
      if state.isDrawn { Terminal.write("\r\u{1B}[K") }
      state.isDrawn = false
    }
  }
}
