import Foundation
import SafeFiles
import Synchronization
import Training

/// A training on stderr: a bar that is written over on a terminal, plain lines elsewhere.
final class TrainingProgressReporter: TrainingReporter {
  private struct State {
    /// The bar as it stands on the screen; empty where none does.
    var bar = ""
    var lastDraw = ContinuousClock.now - .seconds(60)
    var noticedInterruption = false
  }

  private let state = Mutex(State())

  var wantsToStop: Bool { InterruptSignal.isPending }

  func note(_ text: String) { put(text) }

  func warn(_ text: String) { put(Terminal.warningText(text)) }

  func stepped(_ progress: TrainingProgress) {
    state.withLock { state in
      if wantsToStop && !state.noticedInterruption {
        state.noticedInterruption = true
        erase(&state)
        Terminal.line("saving and leaving (Ctrl-C again leaves at once)")
      }
      let isLast = progress.step == progress.totalSteps
      let interval: Duration = Terminal.isInteractive ? .milliseconds(100) : .seconds(10)
      guard isLast || ContinuousClock.now - state.lastDraw >= interval else { return }
      state.lastDraw = .now
      let words = Self.words(progress)
      if Terminal.isInteractive {
        erase(&state)
        state.bar = Self.bar(progress, words: words, width: Terminal.width)
        Terminal.write(state.bar)
      } else {
        Terminal.line("step \(progress.step)/\(progress.totalSteps)  \(words)")
      }
    }
  }

  func judging(_ done: Int, of total: Int) { counted("judging", done, of: total) }

  /// So many videos of a piece of work are done.
  func counted(_ what: String, _ done: Int, of total: Int) {
    state.withLock { state in
      let interval: Duration = Terminal.isInteractive ? .milliseconds(100) : .seconds(10)
      guard ContinuousClock.now - state.lastDraw >= interval, done < total else { return }
      state.lastDraw = .now
      let text = "\(what): \(Format.grouped(done)) of \(Format.grouped(total)) videos"
      if Terminal.isInteractive {
        erase(&state)
        state.bar = String(text.prefix(Terminal.width - 1))
        Terminal.write(state.bar)
      } else {
        Terminal.line(text)
      }
    }
  }

  func validated(_ record: ValidationRecord) {
    put(
      "epoch \(record.epoch): top-1 \(Format.percent(record.top1)) on \(record.sources) unseen, "
        + "loss \(Format.number(record.loss, 3))")
  }

  /// Ends the bar's line.
  func finish() {
    state.withLock { erase(&$0) }
  }

  private func put(_ text: String) {
    state.withLock { state in
      let bar = state.bar
      erase(&state)
      Terminal.line(text)
      if !bar.isEmpty {
        Terminal.write(bar)
        state.bar = bar
      }
    }
  }

  private func erase(_ state: inout State) {
    if !state.bar.isEmpty { Terminal.write("\r\u{1B}[K") }
    state.bar = ""
  }

  private static func words(_ progress: TrainingProgress) -> String {
    "epoch \(progress.epoch)/\(progress.epochs)  loss \(Format.number(progress.loss, 3))  "
      + "top-1 \(Format.percent(progress.top1))  \(Format.rate(progress.clipsPerSecond)) clips/s  "
      + "\(Format.duration(progress.remainingSeconds)) left"
  }

  private static func bar(_ progress: TrainingProgress, words: String, width: Int) -> String {
    let fraction = Double(progress.step) / Double(progress.totalSteps)
    let share = " \(Int(100 * fraction))% "
    let room = width - words.count - share.count - 3
    guard room >= 8 else { return String((share + words).prefix(width - 1)) }
    let length = min(room, 30)
    let filled = Int(fraction * Double(length))
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: ".", count: length - filled) + "]" + share + words
  }
}
