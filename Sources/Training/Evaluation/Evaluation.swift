import Foundation
import VideoData

/// How a network recognizes the actions of videos: each video's class scores are the softmax averaged over its clips.
///
/// Videos that cannot be read count as wrong everywhere and are listed.
public struct Evaluation: Sendable {
  /// One video's scores.
  public struct Video: Sendable {
    public let name: String
    public let label: Int
    /// By class, summing to 1; nil where the video gives no clips.
    public let probabilities: [Double]?
    /// The mean cross-entropy of its clips, in nats; nil where there are none.
    public let loss: Double?
    /// Why there are no clips.
    public let failure: String?

    public init(
      name: String, label: Int, probabilities: [Double]?, loss: Double? = nil,
      failure: String? = nil
    ) {
      self.name = name
      self.label = label
      self.probabilities = probabilities
      self.loss = loss
      self.failure = failure
    }

    /// The class of the highest score, the first of equal ones.
    public var prediction: Int? {
      probabilities.map { scores in scores.indices.max { (scores[$0], $1) < (scores[$1], $0) }! }
    }

    /// The number of classes that score above the true one, and before it of those that score the same; 0 is right.
    public var rank: Int? {
      probabilities.map { scores in
        scores.indices.count {
          scores[$0] > scores[label] || (scores[$0] == scores[label] && $0 < label)
        }
      }
    }
  }

  public let classNames: [String]
  public let videos: [Video]
  public let clips: Int
  public let crops: Int

  public init(classNames: [String], videos: [Video], clips: Int, crops: Int) {
    self.classNames = classNames
    self.videos = videos
    self.clips = clips
    self.crops = crops
  }

  /// Judges a network on labelled videos.
  public init(
    of videos: [LabelledVideo], classNames: [String], with inference: VideoInference,
    cache: TestClipCache? = nil, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let outputs = try inference.run(videos.map(\.footage), cache: cache, progress: progress) {
      let losses = zip($1.logits, repeatElement(videos[$0].label, count: $1.logits.count))
        .map { -log(max(softmax($0)[$1], 1e-300)) }
      return (
        probabilities: $1.probabilities, loss: losses.reduce(0, +) / Double(losses.count)
      )
    }
    self.init(
      classNames: classNames,
      videos: zip(videos, outputs).map { video, output in
        switch output {
        case .success(let output):
          return Video(
            name: video.name, label: video.label, probabilities: output.probabilities,
            loss: output.loss)
        case .failure(let failure):
          return Video(
            name: video.name, label: video.label, probabilities: nil, failure: failure.reason)
        }
      }, clips: inference.clips, crops: inference.crops)
  }
}

// MARK: - Measures

extension Evaluation {
  /// One class's result.
  public struct ClassResult: Sendable {
    public let name: String
    public let videos: Int
    public let correct: Int
    /// Nil where the class has no videos.
    public var accuracy: Double? { videos == 0 ? nil : Double(correct) / Double(videos) }
  }

  /// The videos without scores.
  public var failures: [Video] { videos.filter { $0.probabilities == nil } }

  public var top1: Double { share { $0 < 1 } }

  /// Nil with 5 classes or fewer, where it would say nothing.
  public var top5: Double? { classNames.count > 5 ? share { $0 < 5 } : nil }

  /// The accuracies of the classes that have videos, averaged.
  public var meanClassAccuracy: Double {
    let accuracies = classes.compactMap(\.accuracy)
    return accuracies.isEmpty ? 0 : accuracies.reduce(0, +) / Double(accuracies.count)
  }

  public var classes: [ClassResult] {
    var counts = [(videos: Int, correct: Int)](repeating: (0, 0), count: classNames.count)
    for video in videos {
      counts[video.label].videos += 1
      if video.rank == 0 { counts[video.label].correct += 1 }
    }
    return zip(classNames, counts).map {
      ClassResult(name: $0, videos: $1.videos, correct: $1.correct)
    }
  }

  /// Counts by true class (rows) and predicted class (columns); videos without scores are in none.
  public var confusion: [[Int]] {
    var counts = [[Int]](
      repeating: [Int](repeating: 0, count: classNames.count), count: classNames.count)
    for video in videos { if let guess = video.prediction { counts[video.label][guess] += 1 } }
    return counts
  }

  /// The mean over the videos with scores, in nats.
  public var loss: Double {
    let losses = videos.compactMap(\.loss)
    return losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
  }

  private func share(_ isCounted: (Int) -> Bool) -> Double {
    guard !videos.isEmpty else { return 0 }
    return Double(videos.count { $0.rank.map(isCounted) ?? false }) / Double(videos.count)
  }

  var validationResult: ValidationResult {
    ValidationResult(
      loss: loss, top1: top1, top1PerLabel: classes.map(\.accuracy),
      sourceCount: videos.count)
  }
}
