import Media
import VideoSamples

/// What of a dataset is there and can be decoded.
public struct DatasetReport: Sendable, Encodable {
  /// The videos that are listed, of each class and subset, in the order of the labels; subsets without any are
  /// left out.
  public private(set) var classes: [ClassCount] = []
  /// The videos that cannot be used, in the lists' order.
  public private(set) var problems: [Problem] = []
  /// What its owner should know of it beside.
  public private(set) var findings: [DatasetFinding]
  /// Whether the videos were opened and decoded, or only looked for.
  public let isDecoded: Bool

  public struct ClassCount: Sendable, Equatable, Encodable {
    public let name: String
    public fileprivate(set) var listed: [Subset: Int] = [:]
    public fileprivate(set) var absent = 0
    public fileprivate(set) var undecodable = 0
  }

  public struct Problem: Sendable, Equatable, Encodable {
    public enum Kind: String, Sendable, Encodable { case absent, undecodable }

    public let kind: Kind
    /// As the list calls the video.
    public let video: String
    public let subset: Subset
    public let className: String
    public let reason: String
  }

  /// Counts the videos of `dataset`, present and absent.
  public init(_ dataset: ActionDataset) {
    self.init(dataset, inspections: [], isDecoded: false)
  }

  /// Counts the videos of `dataset` and decodes of each present one the first frame and the last.
  ///
  /// - Parameters:
  ///   - dataset: What is counted.
  ///   - workers: The threads that decode.
  ///   - progress: Called on the caller's thread after each video, with how many of how many are done.
  public init(
    decoding dataset: ActionDataset, workers: Int, progress: (_ done: Int, _ total: Int) -> Void
  ) throws {
    let footage = dataset.videos.map(\.footage)
    // Threads that are left alone would wait for ever; nothing here throws in between.
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

  /// `inspections`, where not empty, has what was found of each video.
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

  /// The videos that are listed in `subset`.
  public func listed(_ subset: Subset) -> Int {
    classes.reduce(0) { $0 + ($1.listed[subset] ?? 0) }
  }

  /// The videos that are listed and not there.
  public var absent: Int { problems.count { $0.kind == .absent } }

  /// The videos that are there and do not decode; 0 where that was not tried.
  public var undecodable: Int { problems.count { $0.kind == .undecodable } }

  /// Whether a training on it would mean nothing, or something else than it says.
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

/// What opening a video told.
private struct Inspection: Sendable {
  /// Why clips cannot be cut from it, as far as its first and last frame tell.
  var trouble: String?
  /// The frames in a folder of frames.
  var frames: Int?
}

extension VideoSource {
  fileprivate var inspection: Inspection {
    do {
      switch self {
      case .video(let path): return Inspection(trouble: try Video(contentsOf: path).trouble)
      case .frameFolder(let path, _):
        guard let folder = try FrameFolder(contentsOf: path) else {
          return Inspection(trouble: "\(path) holds no frames, or something else beside pictures")
        }
        for index in Set([0, folder.count - 1]) {
          _ = try Picture(contentsOf: folder.path(ofFrame: index))
        }
        return Inspection(frames: folder.count)
      case .picture, .deadLeaves: return Inspection(trouble: "\(path) is a still picture")
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
      // Past any end: the decoder goes back as far as it takes to reach a frame.
      let last = try frame(at: duration)
      if last.isDamaged { return "\(path) is damaged in its last frame" }
      _ = try last.picture()
      let end = last.time + max(last.duration, 1 / averageFrameRate)
      guard end >= duration - max(1, duration / 10) else {
        return "\(path) ends after \(seconds(end)) s, though it is to last \(seconds(duration)) s"
      }
      return nil
    }
  }

  private func seconds(_ time: Double) -> Double { (time * 10).rounded() / 10 }
}
