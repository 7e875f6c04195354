import SafeFiles
import Synchronization

/// Shows the progress of work on stderr: a line that is overwritten on a terminal, occasional lines elsewhere.
final class ProgressLine: Sendable {
  private struct State {
    var lastDraw = ContinuousClock.now
    var isDrawn = false
  }

  private let label: String
  private let total: Int
  private let unit: String
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(label: String, total: Int, unit: String) {
    self.label = label
    self.total = total
    self.unit = unit
  }

  func update(_ done: Int) {
    state.withLock { state in
      guard ContinuousClock.now - state.lastDraw >= Terminal.refreshInterval else { return }
      state.lastDraw = .now
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      let left = elapsed / Double(max(done, 1)) * Double(total - done)
      let text =
        "\(label): \(Format.grouped(done)) of \(Format.grouped(total)) \(unit), \(Format.duration(left)) left"
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
