import Foundation
import SafeFiles
import Torch

extension Evaluation {
  /// The content of evaluation.json, for scripts.
  public struct Summary: Codable, Sendable {
    /// The result of one class.
    public struct Class: Codable, Sendable {
      /// The name of the class.
      public let name: String
      /// The number of its videos.
      public let videos: Int
      /// The number of correct videos.
      public let correct: Int
      /// The share of correct videos; absent if the class has no videos.
      public let accuracy: Double?
    }

    /// The result of one video.
    public struct Video: Codable, Sendable {
      /// The video's name in the dataset's list.
      public let name: String
      /// The name of its true class.
      public let label: String
      /// The name of the predicted class; absent for a video without scores.
      public let prediction: String?
      /// The score of the predicted class.
      public let probability: Double?
      /// The score of the true class.
      public let labelProbability: Double?
      /// Why the video has no scores; absent if it has.
      public let failure: String?
    }

    /// The number of videos.
    public let videoCount: Int
    /// The number of clips per video.
    public let clips: Int
    /// The number of crops per clip.
    public let crops: Int
    /// The top-1 accuracy: a share of all videos.
    public let top1: Double
    /// The top-5 accuracy; absent for 5 classes or fewer.
    public let top5: Double?
    /// The mean accuracy of the classes.
    public let meanClassAccuracy: Double
    /// The number of videos that could not be read; they count as errors.
    public let failed: Int
    /// The results of the classes, in the order of the labels.
    public let classes: [Class]
    /// The counts by true class (rows) and predicted class (columns), in the order of `classes`.
    public let confusion: [[Int]]
    /// The results of the videos, in the dataset's order.
    public private(set) var videos: [Video]

    /// The same without the results of single videos.
    public var withoutVideos: Self {
      var copy = self
      copy.videos = []
      return copy
    }
  }

  /// The summary of this evaluation.
  public var summary: Summary {
    Summary(
      videoCount: videos.count, clips: clips, crops: crops, top1: top1, top5: top5,
      meanClassAccuracy: meanClassAccuracy, failed: failures.count,
      classes: classes.map {
        .init(name: $0.name, videos: $0.videos, correct: $0.correct, accuracy: $0.accuracy)
      }, confusion: confusion,
      videos: videos.map { video in
        .init(
          name: video.name, label: classNames[video.label],
          prediction: video.prediction.map { classNames[$0] },
          probability: video.probabilities?.max(),
          labelProbability: video.probabilities?[video.label], failure: video.failure)
      })
  }

  /// Writes evaluation.json, videos.csv, classes.csv, confusion.csv and scores.safetensors (`probabilities` float32 [V,
  /// C], NaN for videos without scores, and `labels` int64 [V]) to `folder`, which is made if it does not exist.
  ///
  /// - Throws: `FileError`.
  public func write(to folder: String) throws {
    try makeFolder(at: folder)
    func put(_ name: String, _ lines: [[String]]) throws {
      let text = lines.map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
      try replaceFile(at: "\(folder)/\(name)", with: Data(text.utf8))
    }
    let summary = summary
    try replaceFile(at: "\(folder)/evaluation.json", with: JSON.data(summary))
    try put(
      "videos.csv",
      [["name", "label", "prediction", "probability", "label_probability", "failure"]]
        + summary.videos.map { video in
          [
            video.name, video.label, video.prediction ?? "",
            video.probability.map { "\($0)" } ?? "",
            video.labelProbability.map { "\($0)" } ?? "", video.failure ?? "",
          ]
        })
    try put(
      "classes.csv",
      [["class", "videos", "correct", "accuracy"]]
        + summary.classes.map {
          [$0.name, "\($0.videos)", "\($0.correct)", $0.accuracy.map { "\($0)" } ?? ""]
        })
    try put(
      "confusion.csv",
      [["true \\ predicted"] + classNames]
        + zip(classNames, summary.confusion).map { [$0] + $1.map(String.init) })
    let missing = [Float](repeating: .nan, count: classNames.count)
    try Safetensors(
      tensors: [
        "probabilities": Tensor(
          videos.flatMap { $0.probabilities?.map(Float.init) ?? missing },
          shape: [videos.count, classNames.count]),
        "labels": Tensor(videos.map(\.label)),
      ]
    ).write(to: "\(folder)/scores.safetensors")
  }
}

/// A field of a CSV file, quoted if necessary (RFC 4180).
private func csvField(_ text: String) -> String {
  guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
  return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}
