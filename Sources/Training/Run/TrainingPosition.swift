import Foundation

/// Where a run stands: everything beside tensors that resuming to the same numbers needs. JSON in a checkpoint's metadata.
public struct TrainingPosition: Codable, Equatable, Sendable {
  /// Steps (updates) that are done.
  public var step = 0
  /// The best top-1 of a validation, a fraction; nil before the first, and without classes.
  public var bestTop1: Double?
  /// The lowest loss of a validation; nil before the first.
  public var bestLoss: Double?
  /// The length in bytes of metrics.jsonl with what is said about these steps.
  public var metricsBytes = 0
  /// Seconds spent on steps, waiting for data included.
  public var trainingSeconds = 0.0
  /// Those of them that were spent waiting for data.
  public var dataSeconds = 0.0
  public var validationSeconds = 0.0
  /// What was trained and validated on, as a digest of all names; 0 before the start.
  public var sources: UInt64 = 0
  /// True if somebody asked to stop in the midst of the validation after these steps: resuming begins with it.
  public var owesValidation = false
  /// The indices of the training sources that could not be read so far.
  public var skippedSources: [Int] = []

  public init() {}

  private enum CodingKeys: String, CodingKey {
    case step, sources
    case bestTop1 = "best_top1"
    case bestLoss = "best_loss"
    case metricsBytes = "metrics_bytes"
    case trainingSeconds = "training_seconds"
    case dataSeconds = "data_seconds"
    case validationSeconds = "validation_seconds"
    case owesValidation = "owes_validation"
    case skippedSources = "skipped_sources"
  }

  /// The keys before 0.2.
  private enum FormerKeys: String, CodingKey {
    case bestTop1, metricsBytes, trainingSeconds, validationSeconds, badSources
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let former = try decoder.container(keyedBy: FormerKeys.self)
    func value<Value: Decodable>(_ key: CodingKeys, _ formerKey: FormerKeys) throws -> Value {
      try values.decodeIfPresent(Value.self, forKey: key)
        ?? former.decode(Value.self, forKey: formerKey)
    }
    step = try values.decode(Int.self, forKey: .step)
    sources = try values.decode(UInt64.self, forKey: .sources)
    // Then it was below 0 before the first validation.
    let formerBest = try former.decodeIfPresent(Double.self, forKey: .bestTop1)
    bestTop1 =
      try values.decodeIfPresent(Double.self, forKey: .bestTop1)
      ?? formerBest.flatMap { $0 < 0 ? nil : $0 }
    bestLoss = try values.decodeIfPresent(Double.self, forKey: .bestLoss)
    metricsBytes = try value(.metricsBytes, .metricsBytes)
    trainingSeconds = try value(.trainingSeconds, .trainingSeconds)
    dataSeconds = try values.decodeIfPresent(Double.self, forKey: .dataSeconds) ?? 0
    validationSeconds = try value(.validationSeconds, .validationSeconds)
    owesValidation = try values.decodeIfPresent(Bool.self, forKey: .owesValidation) ?? false
    skippedSources = try value(.skippedSources, .badSources)
  }

  /// Notes a validation.
  ///
  /// - Returns: true if it is the best so far: by top-1, or without classes by the loss.
  mutating func takeBest(_ validation: ValidationRecord) -> Bool {
    let isLowest = validation.loss < bestLoss ?? .infinity
    if isLowest { bestLoss = validation.loss }
    guard let top1 = validation.top1 else { return isLowest }
    guard top1 > bestTop1 ?? -1 else { return false }
    bestTop1 = top1
    return true
  }
}
