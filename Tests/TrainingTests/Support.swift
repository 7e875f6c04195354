import Foundation
import Synchronization
import Testing
import Training

/// A folder for one test, removed when the last reference goes.
final class ScratchFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "training-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

/// Remembers what a training says and stops it after a step.
final class Listener: TrainingReporter {
  private let said = Mutex<(notes: [String], warnings: [String], steps: [Int])>(([], [], []))
  private let lastStep: Int

  init(stoppingAfter step: Int = .max) { lastStep = step }

  func note(_ text: String) { said.withLock { $0.notes.append(text) } }
  func warn(_ text: String) { said.withLock { $0.warnings.append(text) } }
  func stepped(_ progress: TrainingProgress) { said.withLock { $0.steps.append(progress.step) } }
  func validated(_ record: ValidationRecord) {}
  var wantsToStop: Bool { said.withLock { ($0.steps.last ?? 0) >= lastStep } }

  var notes: [String] { said.withLock { $0.notes } }
  var warnings: [String] { said.withLock { $0.warnings } }
  var steps: [Int] { said.withLock { $0.steps } }
}

/// A training of a second with everything on that could go astray between runs: masks, jitter, dropout, accumulation.
func tinyConfiguration(sources: Int = 13) -> PretrainingConfiguration {
  var c = PretrainingConfiguration()
  c.epochs = 3
  c.sources.paths = ["synthetic:dead-leaves:\(sources)"]
  c.sources.size = 32
  c.sources.validationFraction = 0.2
  c.clip.frames = 2
  c.clip.size = 16
  c.model.width = 2
  c.batch.sources = 2
  c.batch.accumulation = 2
  c.mask.curriculum.enabled = true
  return c
}

/// What an operation is refused with; "no error" where it is not.
func complaint(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch { return "\(error)" }
}

func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

/// Suites that train: one after the other, since libtorch draws dropout and first weights from one generator for the
/// whole process.
@Suite(.serialized) enum TrainingRuns {}
