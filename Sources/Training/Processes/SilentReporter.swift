/// Forwards nothing but the request to stop: all processes read the same sources, and one reports what it finds.
final class SilentReporter: TrainingReporter {
  private let reporter: any TrainingReporter

  init(_ reporter: any TrainingReporter) { self.reporter = reporter }

  func note(_ text: String) {}
  func warn(_ text: String) {}
  func stepped(_ progress: TrainingProgress) {}
  func validated(_ record: ValidationRecord) {}
  var wantsToStop: Bool { reporter.wantsToStop }
}

extension Processes {
  /// The reporter of what every process finds alike: silent in all but the first.
  func speaker(_ reporter: any TrainingReporter) -> any TrainingReporter {
    isFirst ? reporter : SilentReporter(reporter)
  }
}
