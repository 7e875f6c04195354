import Figures
import Foundation
import Media
import SafeFiles
import TensorBoard

/// A run's curves and pictures as TensorBoard events. Trouble with them is told once and never stops the training.
final class TensorBoardLog {
  private let writer: EventWriter?
  private let reporter: any TrainingReporter
  private var hasFailed = false

  /// - Parameter step: the step from which a run goes on, nil for a new run.
  init(run: RunFolder, restartingAt step: Int?, reporter: any TrainingReporter) {
    self.reporter = reporter
    do {
      writer = try EventWriter(folder: URL(fileURLWithPath: run.events, isDirectory: true))
    } catch {
      writer = nil
      reporter.warn("no TensorBoard events are written: \(error)")
    }
    attempt { writer in
      if let step {
        try writer.markRestart(step: step + 1)
      } else if let png = FileManager.default.contents(atPath: run.preview), png.count > 24 {
        // Width and height stand big-endian at bytes 16 and 20 of a PNG.
        func number(_ offset: Int) -> Int {
          png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        try writer.image(
          "preview", png: png, width: number(16), height: number(20), step: 0)
      }
    }
  }

  func record(_ record: StepRecord) {
    attempt { writer in
      try writer.scalar("training/loss", Float(record.loss), step: record.step)
      try writer.scalar("training/top1", Float(record.top1), step: record.step)
      try writer.scalar("training/learning_rate", Float(record.learningRate), step: record.step)
      try writer.scalar(
        "training/clips_per_second", Float(record.clipsPerSecond), step: record.step)
      if let ratio = record.maskRatio {
        try writer.scalar("training/mask_ratio_lower", Float(ratio[0]), step: record.step)
        try writer.scalar("training/mask_ratio_upper", Float(ratio[1]), step: record.step)
      }
    }
  }

  func record(_ record: ValidationRecord) {
    attempt { writer in
      try writer.scalar("validation/loss", Float(record.loss), step: record.step)
      try writer.scalar("validation/top1", Float(record.top1), step: record.step)
      for (name, top1) in record.top1PerLabel {
        try writer.scalar("validation_labels/\(name)", Float(top1), step: record.step)
      }
      try writer.flush()
    }
  }

  /// False where no events are written, so that nobody need compute any.
  var isOpen: Bool { writer != nil }

  func histogram(_ tag: String, _ values: [Float], step: Int) {
    attempt { try $0.histogram(tag, values: values, step: step) }
  }

  func picture(_ tag: String, _ drawing: some Drawing, step: Int) {
    attempt { writer in
      let picture = try drawing.picture()
      try writer.image(
        tag, png: Data(try picture.pngData()), width: picture.width, height: picture.height,
        step: step)
      try writer.flush()
    }
  }

  func close() { attempt { try $0.close() } }

  private func attempt(_ body: (EventWriter) throws -> Void) {
    guard let writer else { return }
    do {
      try body(writer)
    } catch {
      if !hasFailed { reporter.warn("TensorBoard events are incomplete: \(error)") }
      hasFailed = true
    }
  }
}
