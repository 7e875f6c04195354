import Foundation
import Torch
import VideoData

/// Nearest-neighbour retrieval: a test video counts when one of its k nearest training videos, by the cosine of their
/// features, has its class. It measures features without any fine-tuning.
public struct Retrieval: Codable, Sendable {
  public static let neighbourCounts = [1, 5, 10, 20, 50]

  /// A test video's nearest training video.
  public struct Match: Codable, Sendable {
    public let name: String
    public let label: String
    /// Absent where the test video gives no clips.
    public let nearest: String?
    public let nearestLabel: String?
    public let cosine: Double?
    /// The place, from 1, of the first training video of the same class; absent where there is none.
    public let firstHit: Int?
    public let failure: String?
  }

  /// The share of the test videos, by k; videos that cannot be read count as missed.
  public let accuracies: [Accuracy]
  /// The accuracy of a random neighbour at k = 1: how often a training video has the class of a test video.
  public let chance: Double
  public let trainingVideos: Int
  public let testVideos: Int
  /// The training videos that could not be read and are no neighbours.
  public let unusableTrainingVideos: [String]
  public let matches: [Match]

  public struct Accuracy: Codable, Sendable, Equatable {
    public let k: Int
    public let accuracy: Double
  }

  /// - Parameters:
  ///   - training: the videos that are searched.
  ///   - test: the videos that are searched for.
  ///   - classNames: by label.
  ///   - inference: makes the features.
  ///   - progress: told the number of videos done, of both kinds together.
  public init(
    training: [LabelledVideo], test: [LabelledVideo], classNames: [String],
    with inference: VideoInference, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let outputs = try inference.run((training + test).map(\.footage), progress: progress) {
      $1.meanFeatures
    }
    let features = outputs.map { try? $0.get() }
    self.init(
      training: Array(zip(training, features[..<training.count])),
      test: zip(zip(test, features[training.count...]), outputs[training.count...]).map {
        ($0.0, $0.1, failure($1))
      }, classNames: classNames)
  }

  /// From features: nil for a video without any.
  public init(
    training: [(video: LabelledVideo, features: [Double]?)],
    test: [(video: LabelledVideo, features: [Double]?, failure: String?)], classNames: [String]
  ) {
    let usable = training.filter { $0.features != nil }
    let gallery = usable.isEmpty ? nil : directions(usable.map { $0.features! })
    let searched = test.indices.filter { test[$0].features != nil && gallery != nil }
    let labels = usable.map(\.video.label)
    var found: [Int: (nearest: Int, cosine: Double, firstHit: Int?)] = [:]
    // So many at a time that the products with all training videos stay small.
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
        // Of equal ones the first in the list comes first.
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
    accuracies = Self.neighbourCounts.map { k in
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

/// The reason where there is no output.
private func failure(_ output: Result<[Double], VideoFailure>) -> String? {
  if case .failure(let failure) = output { failure.reason } else { nil }
}

/// Vectors scaled to length 1, float64 [count, features]; zero stays zero.
private func directions(_ vectors: [[Double]]) -> Tensor {
  let scaled = vectors.flatMap { vector in
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? vector.map { $0 / length } : vector
  }
  return Tensor(scaled, shape: [vectors.count, vectors[0].count])
}
