import Foundation
import SafeFiles
import Torch

extension Evaluation {
  /// What a script reads: evaluation.json.
  public struct Summary: Codable, Sendable {
    public struct Class: Codable, Sendable {
      public let name: String
      public let videos: Int
      public let correct: Int
      public let accuracy: Double?
    }

    public struct Video: Codable, Sendable {
      public let name: String
      public let label: String
      /// Absent for a video without scores.
      public let prediction: String?
      /// Of the prediction.
      public let probability: Double?
      /// Of the true class.
      public let labelProbability: Double?
      /// Why a video counts as wrong without a prediction.
      public let failure: String?
    }

    public let videoCount: Int
    public let clips: Int
    public let crops: Int
    /// Accuracies are fractions of all videos.
    public let top1: Double
    public let top5: Double?
    public let meanClassAccuracy: Double
    /// Videos that could not be read; they count as wrong.
    public let failed: Int
    public let classes: [Class]
    /// Rows are true classes, columns predicted ones, in the order of `classes`.
    public let confusion: [[Int]]
    public let videos: [Video]
  }

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

  /// Writes evaluation.json, videos.csv, classes.csv, confusion.csv and scores.safetensors (`probabilities` float32 [V, C],
  /// not a number for videos without scores, and `labels` int64 [V]) into `folder`, made if it is missing.
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

/// A field of a CSV file, in quotes where it needs them (RFC 4180).
private func csvField(_ text: String) -> String {
  guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
  return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}
