import Foundation
import SafeFiles

/// The lines of a metrics.jsonl by their kind.
public struct Metrics: Sendable {
  public private(set) var steps: [StepRecord] = []
  public private(set) var validations: [ValidationRecord] = []
  public private(set) var summary: SummaryRecord?

  mutating func add(_ record: StepRecord) { steps.append(record) }
  mutating func add(_ record: ValidationRecord) { validations.append(record) }
  mutating func add(_ record: SummaryRecord) { summary = record }

  /// Reads the file; lines that are torn or of other kinds are skipped.
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

  /// The summary that `line` is; nil if it is another record, or torn.
  static func summary(in line: Data) -> SummaryRecord? {
    guard (try? decoder.decode(Kind.self, from: line))?.event == SummaryRecord.event else {
      return nil
    }
    return try? decoder.decode(SummaryRecord.self, from: line)
  }

  /// A record as a line with its end.
  static func line(_ record: some RunRecord) throws -> Data {
    let encoder = JSON.lineEncoder
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try encoder.encode(Line(record: record)) + [UInt8(ascii: "\n")]
  }

  /// JSON cannot represent infinities or NaN, which the validation loss may become if a training diverges.
  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }

  private struct Kind: Codable { let event: String }

  /// A record together with its kind.
  private struct Line<Record: RunRecord>: Encodable {
    let record: Record

    func encode(to encoder: any Encoder) throws {
      try Kind(event: Record.event).encode(to: encoder)
      try record.encode(to: encoder)
    }
  }
}
