import SafeFiles
import Synchronization
import Training

/// Shows a training on stderr: a bar that is overwritten on a terminal, plain lines elsewhere.
final class TrainingProgressReporter: TrainingReporter {
  private struct State {
    /// The bar that is currently shown; empty if there is none.
    var bar = ""
    var lastDraw = ContinuousClock.now - .seconds(60)
    var noticedInterrupt = false
  }

  private let state = Mutex(State())

  var wantsToStop: Bool { InterruptSignal.isPending }

  func note(_ text: String) { put(text) }

  func warn(_ text: String) {
    if Terminal.isFollower {
      Terminal.warnFromAnyRank(text)
    } else {
      put(Terminal.warningText(text))
    }
  }

  func stepped(_ progress: TrainingProgress) {
    state.withLock { state in
      if wantsToStop && !state.noticedInterrupt {
        state.noticedInterrupt = true
        erase(&state)
        Terminal.line("saving before it stops (press Ctrl-C again to stop at once)")
      }
      let isLast = progress.step == progress.totalSteps
      guard isLast || ContinuousClock.now - state.lastDraw >= Terminal.refreshInterval else {
        return
      }
      state.lastDraw = .now
      let text = Self.text(progress)
      if Terminal.isInteractive {
        erase(&state)
        state.bar = Self.bar(progress, text: text, width: Terminal.width)
        Terminal.write(state.bar)
      } else {
        Terminal.line("step \(progress.step)/\(progress.totalSteps)  \(text)")
      }
    }
  }

  func evaluating(_ done: Int, of total: Int) { counted("evaluating", done, of: total) }

  /// `done` of `total` items of some work are finished.
  func counted(_ what: String, _ done: Int, of total: Int) {
    state.withLock { state in
      guard ContinuousClock.now - state.lastDraw >= Terminal.refreshInterval, done < total else {
        return
      }
      state.lastDraw = .now
      let text = "\(what): \(Format.grouped(done)) of \(Format.grouped(total))"
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
      "epoch \(record.epoch): " + (record.top1.map { "top-1 \(Format.percent($0)), " } ?? "")
        + "loss \(Format.number(record.loss, 3)) on \(record.sources) unseen")
  }

  /// Ends the line of the bar.
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

  private static func text(_ progress: TrainingProgress) -> String {
    "epoch \(progress.epoch)/\(progress.epochs)  loss \(Format.number(progress.loss, 3))  "
      + (progress.top1.map { "top-1 \(Format.percent($0))  " } ?? "")
      + "\(Format.rate(progress.clipsPerSecond)) clips/s  "
      + "\(Format.duration(progress.remainingSeconds)) left"
  }

  private static func bar(_ progress: TrainingProgress, text: String, width: Int) -> String {
    let fraction = Double(progress.step) / Double(progress.totalSteps)
    let share = " \(Int(100 * fraction))% "
    let room = width - text.count - share.count - 3
    guard room >= 8 else { return String((share + text).prefix(width - 1)) }
    let length = min(room, 30)
    let filled = Int(fraction * Double(length))
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: ".", count: length - filled) + "]" + share + text
  }
}
