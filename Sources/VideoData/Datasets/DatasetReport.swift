import Media
import VideoSamples

/// Which videos of a dataset exist and can be decoded.
public struct DatasetReport: Sendable, Encodable {
  /// The number of listed videos of each class and subset, in the order of the labels; subsets without videos are
  /// omitted.
  public private(set) var classes: [ClassCount] = []
  /// The videos that cannot be used, in the lists' order.
  public private(set) var problems: [Problem] = []
  /// Remarks about the dataset.
  public private(set) var findings: [DatasetFinding]
  /// True if the videos were opened and decoded; false if only their existence was checked.
  public let isDecoded: Bool

  /// The counts of one class.
  public struct ClassCount: Sendable, Equatable, Encodable {
    /// The name of the class.
    public let name: String
    /// The number of listed videos of each subset.
    public fileprivate(set) var listed: [Subset: Int] = [:]
    /// The number of listed videos that do not exist.
    public fileprivate(set) var absent = 0
    /// The number of videos that cannot be decoded.
    public fileprivate(set) var undecodable = 0
  }

  /// A video that cannot be used.
  public struct Problem: Sendable, Equatable, Encodable {
    /// The kinds of problem: the video does not exist, or cannot be decoded.
    public enum Kind: String, Sendable, Encodable { case absent, undecodable }

    /// The kind of problem.
    public let kind: Kind
    /// The name of the video in the list.
    public let video: String
    /// The subset of the video.
    public let subset: Subset
    /// The class of the video.
    public let className: String
    /// The reason in words.
    public let reason: String
  }

  /// Counts the existing and the missing videos of `dataset`.
  public init(_ dataset: ActionDataset) {
    self.init(dataset, inspections: [], isDecoded: false)
  }

  /// Counts the videos of `dataset`, and decodes the first and the last frame of each existing one.
  ///
  /// - Parameters:
  ///   - dataset: the dataset.
  ///   - workers: the number of threads that decode.
  ///   - progress: called on the caller's thread after each video with the number of finished videos and their total.
  /// - Throws: ``PrefetchingCancelled``, which cannot happen here.
  public init(
    decoding dataset: ActionDataset, workers: Int, progress: (_ done: Int, _ total: Int) -> Void
  ) throws {
    let footage = dataset.videos.map(\.footage)
    // If it were not read to its end, its threads would wait forever; nothing here throws in between.
    let prefetcher = Prefetcher(count: footage.count, workers: workers, ahead: 4 * workers) {
      footage[$0]?.inspection ?? Inspection()
    }
    var inspections: [Inspection] = []
    while let inspection = try prefetcher.next() {
      inspections.append(inspection)
      progress(inspections.count, footage.count)
    }
    self.init(dataset, inspections: inspections, isDecoded: true)
    let miscounted = zip(dataset.videos, inspections).filter { video, inspection in
      guard let listed = video.listedFrames, let frames = inspection.frames else { return false }
      return listed != frames
    }
    if let (video, inspection) = miscounted.first {
      findings.append(
        .otherFrameCounts(
          videos: miscounted.count,
          first: "\(video.name) with \(inspection.frames!) instead of \(video.listedFrames!)"))
    }
  }

  /// `inspections` has the result for each video, or is empty.
  private init(_ dataset: ActionDataset, inspections: [Inspection], isDecoded: Bool) {
    self.isDecoded = isDecoded
    findings = dataset.findings
    classes = dataset.classNames.map { ClassCount(name: $0) }
    for (index, video) in dataset.videos.enumerated() {
      classes[video.label].listed[video.subset, default: 0] += 1
      let problem: (kind: Problem.Kind, reason: String)
      if video.footage == nil {
        problem = (.absent, "there is no such video or folder of its frames")
        classes[video.label].absent += 1
      } else if isDecoded, let trouble = inspections[index].trouble {
        problem = (.undecodable, trouble)
        classes[video.label].undecodable += 1
      } else {
        continue
      }
      problems.append(
        Problem(
          kind: problem.kind, video: video.name, subset: video.subset,
          className: dataset.classNames[video.label], reason: problem.reason))
    }
  }

  /// The number of videos listed in `subset`.
  public func listed(_ subset: Subset) -> Int {
    classes.reduce(0) { $0 + ($1.listed[subset] ?? 0) }
  }

  /// The number of listed videos that do not exist.
  public var absent: Int { problems.count { $0.kind == .absent } }

  /// The number of existing videos that cannot be decoded; 0 if decoding was not tried.
  public var undecodable: Int { problems.count { $0.kind == .undecodable } }

  /// True if a training on the dataset would be meaningless or misleading.
  public var spoilsTraining: Bool { findings.contains(where: \.spoilsTraining) }

  private enum CodingKeys: String, CodingKey {
    case classes, problems, findings
    case isDecoded = "decoded"
  }
}

extension DatasetFinding: Encodable {
  private enum CodingKeys: CodingKey { case text, spoilsTraining }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(description, forKey: .text)
    try container.encode(spoilsTraining, forKey: .spoilsTraining)
  }
}

/// The result of opening a video.
private struct Inspection: Sendable {
  /// Why clips cannot be cut from it, as far as its first and last frames show; nil if they can.
  var trouble: String?
  /// The number of frames in a folder of frames.
  var frames: Int?
}

extension VideoSource {
  fileprivate var inspection: Inspection {
    do {
      switch self {
      case .video(let path): return Inspection(trouble: try Video(contentsOf: path).trouble)
      case .shardMember(let member) where member.isVideo:
        return Inspection(trouble: try Video(contentsOf: MediaFile(member)).trouble)
      case .frameFolder(let path, _):
        guard let folder = try FrameFolder(contentsOf: path) else {
          return Inspection(trouble: "\(path) holds no frames, or something other than pictures")
        }
        for index in Set([0, folder.count - 1]) {
          _ = try Picture(contentsOf: folder.path(ofFrame: index))
        }
        return Inspection(frames: folder.count)
      case .shapes: return Inspection()
      case .picture, .deadLeaves, .shardMember:
        return Inspection(trouble: "\(path) is a still picture")
      }
    } catch {
      return Inspection(trouble: "\(error)")
    }
  }
}

extension Video {
  fileprivate var trouble: String? {
    get throws {
      guard averageFrameRate > 0 else { return "\(path) has no frame rate" }
      var frames = try frames()
      guard let first = try frames.next() else { return "\(path) has no frame that decodes" }
      if first.isDamaged { return "\(path) is damaged in its first frame" }
      _ = try first.picture()
      // A time after any end: the decoder goes back until it reaches a frame.
      let last = try frame(at: duration)
      if last.isDamaged { return "\(path) is damaged in its last frame" }
      _ = try last.picture()
      let end = last.time + max(last.duration, 1 / averageFrameRate)
      guard end >= duration - max(1, duration / 10) else {
        return
          "\(path) ends after \(seconds(end)) s, although it should last \(seconds(duration)) s"
      }
      return nil
    }
  }

  private func seconds(_ time: Double) -> Double { (time * 10).rounded() / 10 }
}
