import Training

/// The usual observers of a training: TensorBoard events, the preview, the learning curves and what the network makes of
/// samples.
///
/// - Parameter reporter: receives warnings about errors of the observers, which never stop a training.
public func runObservers(reportingTo reporter: any TrainingReporter) -> [any TrainingObserver] {
  [
    PreviewFile(reporter: reporter), TensorBoardRecorder(reporter: reporter),
    CurvesFile(reporter: reporter), ConfusionFile(reporter: reporter),
    ResultFile(reporter: reporter),
  ]
}

/// preview.png: a contact sheet of training clips.
private final class PreviewFile: TrainingObserver {
  private let reporter: any TrainingReporter

  init(reporter: any TrainingReporter) { self.reporter = reporter }

  func began(_ start: TrainingStart) {
    guard let preview = start.preview else { return }
    do {
      try preview.sheet.write(to: start.run.preview)
      reporter.note("training clips to look at: \(start.run.preview)")
    } catch {
      reporter.warn("no preview was drawn: \(error)")
    }
  }
}

/// Draws curves.png and curves.svg after each epoch that ends with a checkpoint.
private final class CurvesFile: TrainingObserver {
  private let reporter: any TrainingReporter
  private var start: TrainingStart?

  init(reporter: any TrainingReporter) { self.reporter = reporter }

  func began(_ start: TrainingStart) { self.start = start }

  func saved(_ metrics: Metrics) {
    guard let start else { return }
    do {
      try LearningCurves(of: metrics, chance: start.classNames.map { 1 / Double($0.count) })
        .write(to: start.run, title: start.phase.title)
    } catch {
      reporter.warn("the learning curves are not up to date: \(error)")
    }
  }
}

/// Draws the confusion matrix of a fine-tuning's final evaluation.
private final class ConfusionFile: TrainingObserver {
  private let reporter: any TrainingReporter

  init(reporter: any TrainingReporter) { self.reporter = reporter }

  func evaluated(_ evaluation: Evaluation, in folder: String) {
    do {
      try evaluation.drawConfusion(in: folder)
    } catch {
      reporter.warn("the confusion matrix was not drawn: \(error)")
    }
  }
}

/// result.png: what the network makes of a few samples, drawn again during the training.
private final class ResultFile: TrainingObserver {
  private let reporter: any TrainingReporter
  private var start: TrainingStart?
  /// The maximum number of drawings of a run.
  private static let limit = 50

  init(reporter: any TrainingReporter) { self.reporter = reporter }

  func began(_ start: TrainingStart) { self.start = start }

  func endedEpoch(_ epoch: EpochEnd) {
    guard let start, let result = start.result,
      epoch.epoch == epoch.epochs || epoch.epoch % max(1, epoch.epochs / Self.limit) == 0
    else { return }
    epoch.withEvaluationWeights {
      guard let shown = result() else { return }
      do {
        try shown.sheet.write(to: start.run.result)
      } catch {
        reporter.warn("what the network makes of samples was not drawn: \(error)")
      }
    }
  }
}
