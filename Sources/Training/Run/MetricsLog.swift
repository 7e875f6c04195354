import Foundation
import SafeFiles

/// metrics.jsonl: a JSON object a line, appended as the run goes.
final class MetricsLog {
  private let handle: FileHandle
  private let path: String
  /// The file's length.
  private(set) var byteCount: Int

  /// Opens the file with its first `keeping` bytes, dropping what an interrupted run wrote after them.
  ///
  /// - Throws: `FileError`; ``RunError/damagedMetrics(path:)`` where the file is shorter, ``RunError/busy(path:)`` where
  ///   another process writes it.
  init(path: String, keeping: Int) throws {
    let descriptor = open(path, O_RDWR | O_CLOEXEC | (keeping == 0 ? O_CREAT : 0), 0o644)
    guard descriptor >= 0 else { throw FileError(path: path, attempt: "cannot write") }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    self.path = path
    byteCount = keeping
    // Two that go on with one run would spoil it. File systems without locks do not help here.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      throw RunError.busy(path: path)
    }
    guard try handle.seekToEnd() >= UInt64(keeping) else {
      throw RunError.damagedMetrics(path: path)
    }
    try handle.truncate(atOffset: UInt64(keeping))
    try handle.seek(toOffset: UInt64(keeping))
  }

  /// Unlocks before the file is closed: a process that is just being started by another thread has a copy of the
  /// descriptor until it is another program, and with it the lock.
  deinit { flock(handle.fileDescriptor, LOCK_UN) }

  /// Appends `record` as a line.
  ///
  /// - Throws: `FileError`.
  func append<Record: Encodable>(_ record: Record) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = Metrics.infinities.encoding
    var line = try encoder.encode(record)
    line.append(UInt8(ascii: "\n"))
    do {
      try handle.write(contentsOf: line)
    } catch {
      throw FileError(path: path, attempt: "cannot write")
    }
    byteCount += line.count
  }

  /// Forces all lines to the disk; a checkpoint that counts on them is not to outlive them.
  ///
  /// - Throws: `FileError`.
  func synchronize() throws {
    guard fsync(handle.fileDescriptor) == 0 else {
      throw FileError(path: path, attempt: "cannot write")
    }
  }
}

/// A line of metrics.jsonl about one step. Losses are in nats, accuracies fractions.
public struct StepRecord: Codable, Sendable {
  public var event = "step"
  /// The number of the step, the first being 1.
  public let step: Int
  /// The epoch it belongs to, the first being 1.
  public let epoch: Int
  /// The mean cross-entropy over the step's clips.
  public let loss: Double
  /// The share of the step's clips that were recognized, dropout being on.
  public let top1: Double
  public let learningRate: Double
  /// The range of the unmasked square's side over the clip's; absent without masks.
  public let maskRatio: [Double]?
  public let clipsPerSecond: Double
}

/// A line of metrics.jsonl about one validation.
public struct ValidationRecord: Codable, Sendable {
  public var event = "validation"
  public let step: Int
  public let epoch: Int
  public let loss: Double
  public let top1: Double
  /// By class name.
  public let top1PerLabel: [String: Double]
  /// The number of sources validated on.
  public let sources: Int
}

/// The last line of metrics.jsonl.
public struct SummaryRecord: Codable, Sendable {
  public var event = "summary"
  public let step: Int
  public let epoch: Int
  /// The mean loss of the last epoch's recorded steps.
  public let loss: Double
  /// Of the last validation; absent without validation.
  public let top1: Double?
  public let bestTop1: Double?
  /// The accuracy of guessing.
  public let chance: Double
  /// Over the whole training, validation not counted.
  public let clipsPerSecond: Double
  /// Seconds of training and validation.
  public let seconds: Double
  public let trainingSources: Int
  public let validationSources: Int
  public let badSources: Int
  /// Of a fine-tuning.
  public var evaluation: FinalEvaluation?

  /// How the network does on the test videos once it is trained.
  public struct FinalEvaluation: Codable, Sendable {
    public let videos: Int
    /// Clips a video.
    public let clips: Int
    public let top1: Double
    /// Absent with 5 classes or fewer.
    public let top5: Double?
    public let meanClassAccuracy: Double
    /// Videos that could not be read and count as wrong.
    public let failed: Int

    init(_ evaluation: Evaluation) {
      videos = evaluation.videos.count
      clips = evaluation.clips
      top1 = evaluation.top1
      top5 = evaluation.top5
      meanClassAccuracy = evaluation.meanClassAccuracy
      failed = evaluation.failures.count
    }
  }
}

/// The lines of a metrics.jsonl by their kind.
public struct Metrics: Sendable {
  public private(set) var steps: [StepRecord] = []
  public private(set) var validations: [ValidationRecord] = []
  public private(set) var summary: SummaryRecord?

  /// JSON has no numbers for what a validation's loss can become where a training goes astray.
  static let infinities = (
    encoding: JSONEncoder.NonConformingFloatEncodingStrategy.convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN"),
    decoding: JSONDecoder.NonConformingFloatDecodingStrategy.convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  )

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = infinities.decoding
    return decoder
  }

  private struct Kind: Decodable { let event: String }

  /// The summary that `line` is; nil where it is another record, or torn.
  static func summary(in line: Data) -> SummaryRecord? {
    guard (try? decoder.decode(Kind.self, from: line))?.event == "summary" else { return nil }
    return try? decoder.decode(SummaryRecord.self, from: line)
  }

  /// Reads the file; lines that are torn or of other kinds are passed over.
  ///
  /// - Throws: `FileError`.
  public init(contentsOf path: String) throws {
    let decoder = Self.decoder
    for line in try readFile(at: path).split(separator: UInt8(ascii: "\n")) {
      switch (try? decoder.decode(Kind.self, from: line))?.event {
      case "step": if let r = try? decoder.decode(StepRecord.self, from: line) { steps.append(r) }
      case "validation":
        if let r = try? decoder.decode(ValidationRecord.self, from: line) { validations.append(r) }
      case "summary": summary = try? decoder.decode(SummaryRecord.self, from: line)
      default: break
      }
    }
  }
}
