import Figures
import Foundation
import TensorBoard
import Training
import VideoModels

/// Writes a run's curves, pictures and histograms as TensorBoard events. Errors are reported once and never stop the
/// training.
final class TensorBoardRecorder: TrainingObserver {
  private var writer: EventWriter?
  private var view: NetworkView?
  private let reporter: any TrainingReporter
  private var hasFailed = false

  init(reporter: any TrainingReporter) { self.reporter = reporter }

  func began(_ start: TrainingStart) {
    do {
      writer = try EventWriter(folder: start.run.events)
    } catch {
      reporter.warn("no TensorBoard events are written: \(error)")
    }
    view = NetworkView(start)
    if let step = start.resumedAfterStep {
      attempt { try $0.markRestart(step: step + 1) }
    } else if let preview = start.preview {
      picture("preview", preview.sheet, step: 0)
    }
  }

  func stepped(_ record: StepRecord) {
    attempt { writer in
      func scalar(_ name: String, _ value: Double?) throws {
        if let value { try writer.scalar("training/\(name)", Float(value), step: record.step) }
      }
      try scalar("loss", record.loss)
      try scalar("top1", record.top1)
      for (name, value) in (record.terms ?? [:]).sorted(by: { $0.key < $1.key }) {
        try scalar(name, value)
      }
      try scalar("learning_rate", record.learningRate)
      try scalar("clips_per_second", record.clipsPerSecond)
      try scalar("data_seconds", record.dataSeconds)
      for (name, values) in (record.annotations ?? [:]).sorted(by: { $0.key < $1.key }) {
        if values.count == 2 {
          try scalar("\(name)_lower", values[0])
          try scalar("\(name)_upper", values[1])
        } else {
          try scalar(name, values.first)
        }
      }
    }
  }

  func validated(_ record: ValidationRecord) {
    attempt { writer in
      func scalar(_ name: String, _ value: Double?) throws {
        if let value { try writer.scalar(name, Float(value), step: record.step) }
      }
      try scalar("validation/loss", record.loss)
      try scalar("validation/top1", record.top1)
      for (name, value) in (record.terms ?? [:]).sorted(by: { $0.key < $1.key }) {
        try scalar("validation/\(name)", value)
      }
      for (name, top1) in record.top1PerLabel { try scalar("validation_labels/\(name)", top1) }
      try writer.flush()
    }
  }

  func endedEpoch(_ epoch: EpochEnd) {
    guard writer != nil, view?.isDue(epoch: epoch.epoch, of: epoch.epochs) ?? false else { return }
    view?.record(epoch, to: self)
  }

  func ended() { attempt { try $0.close() } }

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
