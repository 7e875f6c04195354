import Foundation
import Torch
import VideoData

/// Nearest-neighbor retrieval. A test video is a hit if one of the k nearest training videos, by the cosine similarity of
/// their features, has its class. It evaluates features without any fine-tuning.
public struct Retrieval: Codable, Sendable {
  /// The values of k.
  public static let neighborCounts = [1, 5, 10, 20, 50]

  /// A test video with its nearest training video.
  public struct Match: Codable, Sendable {
    /// The name of the test video.
    public let name: String
    /// The class of the test video.
    public let label: String
    /// The name of the nearest training video; absent if the test video could not be read.
    public let nearest: String?
    /// The class of the nearest training video.
    public let nearestLabel: String?
    /// The cosine similarity between the two, from -1 to 1.
    public let cosine: Double?
    /// The rank, from 1, of the first training video of the same class; absent if there is none.
    public let firstHit: Int?
    /// Why the test video could not be read; absent if it was.
    public let failure: String?
  }

  /// The share of hits among all test videos, for each k; videos that cannot be read count as misses.
  public let accuracies: [Accuracy]
  /// The accuracy of a random neighbor at k = 1: how often a training video has the class of a test video.
  public let chance: Double
  /// The number of training videos.
  public let trainingVideos: Int
  /// The number of test videos.
  public let testVideos: Int
  /// The names of the training videos that could not be read and are not searched.
  public let unusableTrainingVideos: [String]
  /// The test videos with their nearest training videos.
  public let matches: [Match]

  /// The accuracy for one k.
  public struct Accuracy: Codable, Sendable, Equatable {
    /// The number of neighbors.
    public let k: Int
    /// The share of hits, from 0 to 1.
    public let accuracy: Double
  }

  /// Computes the features of all videos and evaluates them.
  ///
  /// - Parameters:
  ///   - training: the videos to search.
  ///   - test: the videos to search for.
  ///   - classNames: the names of the classes in the order of the labels.
  ///   - inference: computes the features.
  ///   - progress: called with the number of finished videos of both kinds; an error that it throws stops the work.
  /// - Throws: errors of `progress`.
  public init(
    training: [LabeledVideo], test: [LabeledVideo], classNames: [String],
    with inference: VideoInference, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let outputs = try inference.run((training + test).map(\.footage), progress: progress) {
      Features(numbers: $1.meanFeatures)
    }
    let features = outputs.map { try? $0.get().numbers }
    self.init(
      training: Array(zip(training, features[..<training.count])),
      test: zip(zip(test, features[training.count...]), outputs[training.count...]).map {
        ($0.0, $0.1, failure($1))
      }, classNames: classNames)
  }

  /// Evaluates features; they are nil for a video that could not be read.
  public init(
    training: [(video: LabeledVideo, features: [Double]?)],
    test: [(video: LabeledVideo, features: [Double]?, failure: String?)], classNames: [String]
  ) {
    let usable = training.filter { $0.features != nil }
    let gallery = usable.isEmpty ? nil : directions(usable.map { $0.features! })
    let searched = test.indices.filter { test[$0].features != nil && gallery != nil }
    let labels = usable.map(\.video.label)
    var found: [Int: (nearest: Int, cosine: Double, firstHit: Int?)] = [:]
    // Multiply a block of rows at a time, so that the products with all training videos stay small.
    let rows = max(1, (1 << 24) / max(usable.count, 1))
    for first in stride(from: 0, to: searched.count, by: rows) {
      let members = Array(searched[first..<min(first + rows, searched.count)])
      let cosines = directions(members.map { test[$0].features! })
        .matmul(gallery!.permuted([1, 0])).array(of: Double.self)
      for (row, member) in members.enumerated() {
        let label = test[member].video.label
        let values = cosines[row * usable.count..<(row + 1) * usable.count]
        var nearest = 0
        var hit: Int?
        // Among equal ones, the first in the list wins.
        for (index, value) in values.enumerated() {
          if value > values[values.startIndex + nearest] { nearest = index }
          if labels[index] == label, hit.map({ value > values[values.startIndex + $0] }) ?? true {
            hit = index
          }
        }
        var place: Int?
        if let hit {
          let best = values[values.startIndex + hit]
          var before = 0
          for (index, value) in values.enumerated()
          where value > best || (value == best && index < hit) { before += 1 }
          place = before + 1
        }
        found[member] = (nearest, values[values.startIndex + nearest], place)
      }
    }
    matches = test.indices.map { index in
      let (video, _, failure) = test[index]
      let found = found[index]
      return Match(
        name: video.name, label: classNames[video.label],
        nearest: found.map { usable[$0.nearest].video.name },
        nearestLabel: found.map { classNames[usable[$0.nearest].video.label] },
        cosine: found?.cosine, firstHit: found?.firstHit, failure: failure)
    }
    let matches = matches
    accuracies = Self.neighborCounts.map { k in
      let hits = matches.count { ($0.firstHit ?? .max) <= k }
      return Accuracy(k: k, accuracy: Double(hits) / Double(max(matches.count, 1)))
    }
    var counts: [Int: Int] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    let shares = test.map { Double(counts[$0.video.label] ?? 0) / Double(max(labels.count, 1)) }
    chance = shares.reduce(0, +) / Double(max(shares.count, 1))
    trainingVideos = training.count
    testVideos = test.count
    unusableTrainingVideos = training.filter { $0.features == nil }.map(\.video.name)
  }
}

/// The features of a video, averaged over its clips.
private struct Features: VideoResult {
  let numbers: [Double]
}

/// Why there is no output.
private func failure(_ output: Result<Features, VideoFailure>) -> String? {
  if case .failure(let failure) = output { failure.reason } else { nil }
}

/// The vectors scaled to length 1: float64 [count, features]. Zero vectors stay zero.
private func directions(_ vectors: [[Double]]) -> Tensor {
  let scaled = vectors.flatMap { vector in
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? vector.map { $0 / length } : vector
  }
  return Tensor(scaled, shape: [vectors.count, vectors[0].count])
}
