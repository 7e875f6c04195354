import Foundation
import SafeFiles

/// How far a piece of work is, on stderr: a line that is written over on a terminal, a line now and then elsewhere.
final class ProgressLine: @unchecked Sendable {
  private let label: String
  private let total: Int
  private let unit: String
  private let begun = ContinuousClock.now
  private let lock = NSLock()
  private var lastDraw = ContinuousClock.now
  private var isDrawn = false

  init(label: String, total: Int, unit: String) {
    self.label = label
    self.total = total
    self.unit = unit
  }

  func update(_ done: Int) {
    lock.withLock {
      let interval: Duration = Terminal.isInteractive ? .milliseconds(100) : .seconds(10)
      guard ContinuousClock.now - lastDraw >= interval else { return }
      lastDraw = .now
      let elapsed = (ContinuousClock.now - begun) / .seconds(1)
      let left = elapsed / Double(max(done, 1)) * Double(total - done)
      let text =
        "\(label): \(Format.grouped(done)) of \(Format.grouped(total)) \(unit), \(Format.duration(left)) left"
      if Terminal.isInteractive {
        Terminal.write("\r\u{1B}[K" + String(text.prefix(Terminal.width - 1)))
        isDrawn = true
      } else {
        Terminal.line(text)
      }
    }
  }

  /// Ends the line.
  func finish() {
    lock.withLock {
      if isDrawn { Terminal.write("\r\u{1B}[K") }
      isDrawn = false
    }
  }
}
