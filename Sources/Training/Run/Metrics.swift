import Foundation
import SafeFiles

/// The records in metrics.jsonl, by kind.
public struct Metrics: Sendable {
  /// The records of steps, in order.
  public private(set) var steps: [StepRecord] = []
  /// The records of validations, in order.
  public private(set) var validations: [ValidationRecord] = []
  /// The summary; nil if the run is not finished.
  public private(set) var summary: SummaryRecord?

  /// No lines yet.
  init() {}

  mutating func add(_ record: StepRecord) { steps.append(record) }
  mutating func add(_ record: ValidationRecord) { validations.append(record) }
  mutating func add(_ record: SummaryRecord) { summary = record }

  /// Reads the file and skips incomplete lines and lines of other kinds.
  ///
  /// - Throws: `FileError`.
  public init(contentsOf path: String) throws {
    let decoder = Self.decoder
    for line in try readFile(at: path).split(separator: UInt8(ascii: "\n")) {
      switch (try? decoder.decode(Kind.self, from: line))?.event {
      case StepRecord.event:
        if let record = try? decoder.decode(StepRecord.self, from: line) { add(record) }
      case ValidationRecord.event:
        if let record = try? decoder.decode(ValidationRecord.self, from: line) { add(record) }
      case SummaryRecord.event: summary = try? decoder.decode(SummaryRecord.self, from: line)
      default: break
      }
    }
  }

  /// The summary in `line`; nil if the line is another record or incomplete.
  static func summary(in line: Data) -> SummaryRecord? {
    guard (try? decoder.decode(Kind.self, from: line))?.event == SummaryRecord.event else {
      return nil
    }
    return try? decoder.decode(SummaryRecord.self, from: line)
  }

  /// A record as a line of JSON with its newline.
  static func line(_ record: some RunRecord) throws -> Data {
    let encoder = JSON.lineEncoder
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try encoder.encode(Line(record: record)) + [UInt8(ascii: "\n")]
  }

  /// JSON cannot represent infinity or NaN, which the validation loss may become if training diverges.
  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }

  private struct Kind: Codable { let event: String }

  /// A record with its kind.
  private struct Line<Record: RunRecord>: Encodable {
    let record: Record

    func encode(to encoder: any Encoder) throws {
      try Kind(event: Record.event).encode(to: encoder)
      try record.encode(to: encoder)
    }
  }
}
