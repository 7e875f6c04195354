import VideoData

/// Maps the classes of a dataset to those of a network: the same names, possibly in another order.
public struct ClassOrder: Sendable {
  /// The names in the order of the network's logits.
  public let names: [String]
  /// The network's label for each label of the dataset.
  private let labels: [Int]

  /// Matches the classes by their names.
  ///
  /// - Throws: ``WeightsError`` if the network has no classes of actions, or if their names differ from the dataset's.
  public init(_ weights: Weights, _ dataset: ActionDataset) throws {
    _ = try weights.actionNames()
    guard let names = weights.classNames else {
      // If the file does not name its classes, assume the order of the dataset.
      guard weights.classCount == dataset.classNames.count else {
        throw WeightsError(
          path: weights.path,
          problem:
            "distinguishes \(weights.classCount!) classes, the dataset has \(dataset.classNames.count)"
        )
      }
      self.names = dataset.classNames
      labels = Array(dataset.classNames.indices)
      return
    }
    let places = Dictionary(zip(names, names.indices)) { first, _ in first }
    let unknown = dataset.classNames.filter { places[$0] == nil }
    let absent = Set(names).subtracting(dataset.classNames).sorted()
    guard unknown.isEmpty, absent.isEmpty else {
      var parts: [String] = []
      if !unknown.isEmpty { parts.append("only the dataset has \(Self.list(unknown))") }
      if !absent.isEmpty { parts.append("only the weights have \(Self.list(absent))") }
      throw WeightsError(
        path: weights.path,
        problem: "knows other classes than the dataset: \(parts.joined(separator: "; "))")
    }
    self.names = names
    labels = dataset.classNames.map { places[$0]! }
  }

  /// `video` with the network's label.
  public func relabeled(_ video: LabeledVideo) -> LabeledVideo {
    LabeledVideo(
      name: video.name, label: labels[video.label], subset: video.subset, footage: video.footage,
      listedFrames: video.listedFrames)
  }

  private static func list(_ words: [String]) -> String {
    let shown = words.prefix(5).joined(separator: ", ")
    return words.count > 5 ? "\(shown) and \(words.count - 5) more" : shown
  }
}
