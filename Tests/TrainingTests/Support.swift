import Configuration
import Foundation
import Synchronization
import Testing
import Training

/// Records the messages of a training, and stops it after a step.
final class Listener: TrainingReporter {
  private let said = Mutex<(notes: [String], warnings: [String], steps: [Int])>(([], [], []))
  private let lastStep: Int
  private let stops: @Sendable () -> Bool
  private let whenStepped: @Sendable () -> Void
  private let whenWarned: @Sendable () -> Void

  init(
    stoppingAfter step: Int = .max, whenStepped: @escaping @Sendable () -> Void = {},
    whenWarned: @escaping @Sendable () -> Void = {},
    stoppingIf stops: @escaping @Sendable () -> Bool = { false }
  ) {
    lastStep = step
    self.stops = stops
    self.whenStepped = whenStepped
    self.whenWarned = whenWarned
  }

  func note(_ text: String) { said.withLock { $0.notes.append(text) } }
  func warn(_ text: String) {
    said.withLock { $0.warnings.append(text) }
    whenWarned()
  }
  func stepped(_ progress: TrainingProgress) {
    said.withLock { $0.steps.append(progress.step) }
    whenStepped()
  }
  func validated(_ record: ValidationRecord) {}
  var wantsToStop: Bool {
    stops() || said.withLock { ($0.steps.last ?? 0) >= lastStep }
  }

  var notes: [String] { said.withLock { $0.notes } }
  var warnings: [String] { said.withLock { $0.warnings } }
  var steps: [Int] { said.withLock { $0.steps } }
}

/// A training of one second with everything enabled that could differ between runs: masks, jitter, dropout, accumulation.
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
  c.batch.accumulationSteps = 2
  c.task.mosi.mask.curriculum.enabled = true
  return c
}

func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

/// The tags of the summaries in a run's event files, in order. A record is its length (8 bytes), 4 bytes, the event and 4
/// bytes; field 5 of the event is a summary, whose field 1 is a value, whose field 1 is the tag.
func eventTags(_ run: RunFolder) throws -> [String] {
  /// The fields of a message that consist of bytes, by their numbers.
  func fields(_ message: ArraySlice<UInt8>) -> [(number: UInt64, content: ArraySlice<UInt8>)] {
    var rest = message
    func varint() -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 127) << shift
        shift += 7
        if byte < 128 { break }
      }
      return value
    }
    var found: [(UInt64, ArraySlice<UInt8>)] = []
    while !rest.isEmpty {
      let key = varint()
      switch key & 7 {
      case 0: _ = varint()
      case 1: rest = rest.dropFirst(8)
      case 5: rest = rest.dropFirst(4)
      default:
        let count = Int(varint())
        found.append((key >> 3, rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
    }
    return found
  }
  return try FileManager.default.contentsOfDirectory(atPath: run.events).sorted().flatMap { name in
    var rest = [UInt8](try bytes("\(run.events)/\(name)"))[...]
    var tags: [String] = []
    while rest.count > 16 {
      let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let event = rest.dropFirst(12).prefix(length)
      rest = rest.dropFirst(length + 16)
      for summary in fields(event) where summary.number == 5 {
        for value in fields(summary.content) where value.number == 1 {
          let tag = fields(value.content).first { $0.number == 1 }
          tags.append(String(decoding: tag?.content ?? [], as: UTF8.self))
        }
      }
    }
    return tags
  }
}

/// Suites that train with loader threads run one after another, so as not to overload a small machine.
@Suite(.serialized) enum TrainingRuns {}
