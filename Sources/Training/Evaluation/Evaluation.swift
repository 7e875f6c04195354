import Foundation
import VideoData

/// The classification of videos by a network. The class scores of a video are its softmax averaged over its clips.
///
/// Videos that cannot be read count as errors in all measures.
public struct Evaluation: Sendable {
  /// The scores of one video.
  public struct Video: Sendable {
    /// The video's name in the dataset's list.
    public let name: String
    /// The index of its true class.
    public let label: Int
    /// The score of each class, summing to 1; nil if the video has no readable clips.
    public let probabilities: [Double]?
    /// The mean cross-entropy of its clips, in nats; nil if it has none.
    public let loss: Double?
    /// Why it has no clips; nil if it has.
    public let failure: String?

    /// The scores of a video, or the reason why there are none.
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

    /// The class with the highest score; the first of several equal ones. Nil without scores.
    public var prediction: Int? {
      probabilities.map { scores in scores.indices.max { (scores[$0], $1) < (scores[$1], $0) }! }
    }

    /// The number of classes that score higher than the true class, counting earlier classes with the same score; 0 means
    /// a correct prediction. Nil without scores.
    public var rank: Int? {
      probabilities.map { scores in
        scores.indices.count {
          scores[$0] > scores[label] || (scores[$0] == scores[label] && $0 < label)
        }
      }
    }
  }

  /// The names of the classes in the order of the labels.
  public let classNames: [String]
  /// The scores of the videos, in the dataset's order.
  public let videos: [Video]
  /// The number of clips per video.
  public let clips: Int
  /// The number of crops per clip.
  public let crops: Int

  /// An evaluation with these scores.
  public init(classNames: [String], videos: [Video], clips: Int, crops: Int) {
    self.classNames = classNames
    self.videos = videos
    self.clips = clips
    self.crops = crops
  }

  /// Evaluates a network on labeled videos.
  ///
  /// - Throws: errors of `progress`, which is called with the number of finished videos.
  public init(
    of videos: [LabeledVideo], classNames: [String], with inference: VideoInference,
    cache: TestClipCache? = nil, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let outputs = try inference.run(videos.map(\.footage), cache: cache, progress: progress) {
      let losses = zip($1.logits, repeatElement(videos[$0].label, count: $1.logits.count))
        .map { -log(max(softmax($0)[$1], 1e-300)) }
      return Scores(
        probabilities: $1.probabilities, loss: losses.reduce(0, +) / Double(losses.count))
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

/// What an evaluation keeps of a video's output.
private struct Scores: VideoResult {
  let probabilities: [Double]
  let loss: Double

  init(probabilities: [Double], loss: Double) {
    self.probabilities = probabilities
    self.loss = loss
  }

  init(numbers: [Double]) {
    loss = numbers[0]
    probabilities = Array(numbers[1...])
  }

  var numbers: [Double] { [loss] + probabilities }
}

// MARK: - Measures

extension Evaluation {
  /// The result of one class.
  public struct ClassResult: Sendable {
    /// The name of the class.
    public let name: String
    /// The number of its videos.
    public let videos: Int
    /// The number of its videos that are classified correctly.
    public let correct: Int
    /// The share of correct videos, from 0 to 1; nil if the class has no videos.
    public var accuracy: Double? { videos == 0 ? nil : Double(correct) / Double(videos) }
  }

  /// The videos without scores.
  public var failures: [Video] { videos.filter { $0.probabilities == nil } }

  /// The share of all videos whose highest score is that of the true class.
  public var top1: Double { share { $0 < 1 } }

  /// The share of all videos whose true class is among the five highest scores; nil for 5 classes or fewer, where it is
  /// meaningless.
  public var top5: Double? { classNames.count > 5 ? share { $0 < 5 } : nil }

  /// The mean accuracy of the classes that have videos.
  public var meanClassAccuracy: Double {
    let accuracies = classes.compactMap(\.accuracy)
    return accuracies.isEmpty ? 0 : accuracies.reduce(0, +) / Double(accuracies.count)
  }

  /// The results of the classes, in the order of the labels.
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

  /// The counts by true class (rows) and predicted class (columns); videos without scores are not counted.
  public var confusion: [[Int]] {
    var counts = [[Int]](
      repeating: [Int](repeating: 0, count: classNames.count), count: classNames.count)
    for video in videos { if let guess = video.prediction { counts[video.label][guess] += 1 } }
    return counts
  }

  /// The mean loss of the videos with scores, in nats.
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
