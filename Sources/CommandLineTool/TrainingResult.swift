import Foundation
import Training

/// What a training leaves, for scripts.
struct TrainingResult: Encodable {
  let summary: SummaryRecord
  let preview: String
  let curves: String
  let checkpoint: String

  init(_ summary: SummaryRecord, _ run: RunFolder) {
    self.summary = summary
    preview = run.preview
    curves = run.curves
    checkpoint = run.last
  }

  var json: String { get throws { try prettyJSON(self) } }
}

/// A result as JSON for scripts, keys in order.
func prettyJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
