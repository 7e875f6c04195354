import Foundation

/// The position of a run: everything besides tensors that it needs to resume with identical results. A checkpoint stores
/// it as JSON in its metadata.
public struct TrainingPosition: Codable, Equatable, Sendable {
  /// The number of steps (updates) done.
  public var step = 0
  /// The best accuracy of a validation, from 0 to 1; nil before the first validation and for tasks without classes.
  public var bestTop1: Double?
  /// The lowest loss of a validation; nil before the first.
  public var bestLoss: Double?
  /// The length of metrics.jsonl in bytes, including the records of these steps.
  public var metricsBytes = 0
  /// Seconds spent on steps, including the wait for data.
  public var trainingSeconds = 0.0
  /// The part of these seconds that was spent waiting for data.
  public var dataSeconds = 0.0
  /// Seconds spent on validations.
  public var validationSeconds = 0.0
  /// A hash of the names of all sources; 0 before the start.
  public var sources: UInt64 = 0
  /// True if the run was stopped during the validation after these steps. The resumed run begins with that validation.
  public var owesValidation = false
  /// The indices of the training sources that could not be read so far.
  public var skippedSources: [Int] = []
  /// The number of steps whose updates were skipped because the loss or the gradients were not finite.
  public var nonFiniteSteps = 0
  /// The number of processes that the run began with. A step keeps its batches if another number resumes it.
  public var processes = 1

  /// The position before the first step.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case step, sources, processes
    case bestTop1 = "best_top1"
    case bestLoss = "best_loss"
    case metricsBytes = "metrics_bytes"
    case trainingSeconds = "training_seconds"
    case dataSeconds = "data_seconds"
    case validationSeconds = "validation_seconds"
    case owesValidation = "owes_validation"
    case skippedSources = "skipped_sources"
    case nonFiniteSteps = "non_finite_steps"
  }

  /// The keys before version 0.2.
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
    // Before version 0.2 the value was negative until the first validation.
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
    nonFiniteSteps = try values.decodeIfPresent(Int.self, forKey: .nonFiniteSteps) ?? 0
    processes = try values.decodeIfPresent(Int.self, forKey: .processes) ?? 1
  }

  /// Takes a validation into account.
  ///
  /// - Returns: true if it is the best so far, by accuracy or, for tasks without classes, by loss.
  mutating func takeBest(_ validation: ValidationRecord) -> Bool {
    let isLowest = validation.loss < bestLoss ?? .infinity
    if isLowest { bestLoss = validation.loss }
    guard let top1 = validation.top1 else { return isLowest }
    guard top1 > bestTop1 ?? -1 else { return false }
    bestTop1 = top1
    return true
  }
}
