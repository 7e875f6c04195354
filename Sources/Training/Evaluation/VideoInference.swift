import Configuration
import Foundation
import Media
import MoSI
import Pretext
import Synchronization
import Torch
import VideoData
import VideoModels
import VideoSamples

/// Runs a network over the test clips of videos.
///
/// Clips of different videos share batches. Apart from the last bits of the convolutions' sums, the results do not depend
/// on the batches, the threads or the order of the videos.
public struct VideoInference {
  /// The default number of clips that pass through the network at once.
  public static let defaultBatch = 32

  /// The network, in evaluation mode.
  private(set) var model: VideoClassifier
  let normalization: Normalization
  /// The frames, interval, size and preset of the clips.
  public let clip: ClipSettings
  /// The number of clips per video, evenly spaced.
  public let clips: Int
  /// The number of crops per clip: 1 for the center, or 3 along the long side.
  public let crops: Int
  let batch: Int
  /// The device of the network.
  public let device: Device
  let autocast: DType?
  /// The number of threads that decode videos.
  public let workers: Int
  /// The processes that share the videos.
  let processes: Processes

  /// Prepares the inference.
  ///
  /// - Parameters:
  ///   - model: the network on `device`, in evaluation mode.
  ///   - normalization: the normalization that the network was trained with.
  ///   - clip: the frames, interval, size and preset of the clips.
  ///   - clips: the number of clips per video; the paper uses 10.
  ///   - crops: the number of crops per clip, 1 or 3.
  ///   - batch: the number of clips that pass through the network at once.
  ///   - device: the device of the network.
  ///   - precision: the precision of the convolutions.
  ///   - workers: the number of threads that decode videos.
  ///   - processes: the processes that share the videos; all get all results.
  public init(
    model: VideoClassifier, normalization: Normalization, clip: ClipSettings, clips: Int,
    crops: Int = 1, batch: Int = VideoInference.defaultBatch, device: Device,
    precision: Precision = .float32, workers: Int, processes: Processes = .alone
  ) {
    precondition(clips > 0 && (crops == 1 || crops == 3) && batch > 0 && workers > 0)
    self.model = model
    self.normalization = normalization
    self.clip = clip
    self.clips = clips
    self.crops = crops
    self.batch = batch
    self.device = device
    autocast = precision.autocast
    self.workers = workers
    self.processes = processes
  }

  /// The same inference with another network of the same kind, which is on ``device`` and in evaluation mode.
  public func with(_ model: VideoClassifier) -> VideoInference {
    var other = self
    other.model = model
    return other
  }

  /// The network's output for the clips of a video, in the order of the clips and, within a clip, of its crops.
  public struct Output: Sendable {
    /// The features, [clips * crops][features].
    public var features: [[Float]] = []
    /// The logits, [clips * crops][classes].
    public var logits: [[Float]] = []

    /// The softmax of the logits, averaged over the clips; [classes].
    public var probabilities: [Double] { Self.mean(logits.map(softmax)) }

    /// The features, averaged over the clips; [features].
    public var meanFeatures: [Double] { Self.mean(features.map { $0.map(Double.init) }) }

    /// The logits, averaged over the clips; [classes].
    public var meanLogits: [Double] { Self.mean(logits.map { $0.map(Double.init) }) }

    /// The features alone, which take less memory.
    public var withoutLogits: Output {
      var output = self
      output.logits = []
      return output
    }

    private static func mean(_ rows: [[Double]]) -> [Double] {
      var sum = [Double](repeating: 0, count: rows[0].count)
      for row in rows { for index in row.indices { sum[index] += row[index] } }
      return sum.map { $0 / Double(rows.count) }
    }
  }

  /// Runs the network over videos.
  ///
  /// - Parameters:
  ///   - footage: the videos; nil for a video that is known to be absent.
  ///   - cache: keeps the decoded clips for the next run; nil for none.
  ///   - progress: called with the number of finished videos; an error that it throws stops the inference.
  /// - Returns: for each video, its output or the reason why there is none.
  /// - Throws: errors of `progress`; `PeerFailure`.
  public func run(
    _ footage: [VideoSource?], cache: TestClipCache? = nil,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> [Result<Output, VideoFailure>] {
    try run(footage, cache: cache, progress: progress) { _, output in output }
  }

  /// Videos whose clips fill whole batches. The processes take turns with groups of as many, and no batch has clips of two
  /// groups: so the results are the same, bit for bit, with any number of processes.
  private var groupSize: Int {
    var (divisor, rest) = (batch, clips * crops)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    return batch / divisor
  }

  /// As ``run(_:cache:progress:)``, but keeps only the result of `reduce` for each video: the outputs of all clips of
  /// many videos do not fit into memory.
  public func run<Reduced: VideoResult>(
    _ footage: [VideoSource?], cache: TestClipCache? = nil,
    progress: (Int) throws -> Void = { _ in },
    reduce: (_ video: Int, _ output: Output) -> Reduced
  ) throws -> [Result<Reduced, VideoFailure>] {
    let present = footage.indices.filter { footage[$0] != nil }
    var results = footage.map { _ in
      Result<Reduced, VideoFailure>.failure(VideoFailure(reason: "is not there"))
    }
    guard !present.isEmpty else { return results }
    let test = clip.testClips(clips, crops: crops)
    let groups = stride(from: 0, to: present.count, by: groupSize).map {
      Array(present[$0..<min($0 + groupSize, present.count)])
    }
    let own = groups.indices.filter(processes.owns(batch:)).flatMap { groups[$0] }
    let sources = own.map { footage[$0]! }
    let prefetcher = Prefetcher(
      count: sources.count, workers: workers, ahead: workers + batch / (clips * crops)
    ) { item in
      if let kept = cache?.clips(of: sources[item], test) { return kept }
      let loaded = Result<[ClipPixels], VideoFailure> {
        try sources[item].clips(test)
      } mapping: {
        VideoFailure($0)
      }
      cache?.keep(loaded, of: sources[item], test)
      return loaded
    }
    defer { prefetcher.cancel() }

    // Clips wait here until they fill a batch. The last batch of a group may be smaller.
    var waiting: [(video: Int, clip: ClipPixels)] = []
    var unfinished: [Int: Output] = [:]
    func forward(_ count: Int) {
      let members = waiting.prefix(count)
      for (member, output) in zip(members, self.output(of: members.map(\.clip))) {
        unfinished[member.video, default: Output()].features.append(output.features)
        unfinished[member.video]!.logits.append(output.logits)
        guard unfinished[member.video]!.logits.count == clips * crops else { continue }
        let whole = unfinished.removeValue(forKey: member.video)!
        results[member.video] =
          whole.logits.allSatisfy { $0.allSatisfy(\.isFinite) }
          ? .success(reduce(member.video, whole))
          : .failure(
            VideoFailure(reason: "has scores that are not finite: the network has diverged"))
      }
      waiting.removeFirst(count)
    }
    var done = 0
    func report() throws { try progress(min(done * processes.count, present.count)) }
    try processes.deal(groups.count) { group in
      for video in groups[group] {
        switch try prefetcher.next(whileWaiting: { _ in try report() })! {
        case .failure(let failure): results[video] = .failure(failure)
        case .success(let clips): waiting += clips.map { (video, $0) }
        }
        while waiting.count >= batch { forward(batch) }
        done += 1
        try report()
      }
      if !waiting.isEmpty { forward(waiting.count) }
    }
    return try processes.gather(results, of: own)
  }

  /// The features and logits of normalized clips, in batches.
  ///
  /// - Parameter clips: float32 [M, 3, N, H, W] on the CPU.
  /// - Returns: float32 [M, features] and float32 [M, classes] on the CPU.
  public func run(normalized clips: Tensor) -> (features: Tensor, logits: Tensor) {
    let count = clips.shape[0]
    let parts = stride(from: 0, to: count, by: batch).map { first in
      forward(clips.sliced(0, first..<min(first + batch, count)).to(device))
    }
    return (.concatenated(parts.map(\.features)), .concatenated(parts.map(\.logits)))
  }

  private func output(of clips: [ClipPixels]) -> [(features: [Float], logits: [Float])] {
    let prepared = ActionClips(jitter: .none, normalization: normalization)
      .plain(clips, device: device)
    let (features, logits) = forward(prepared)
    func rows(_ tensor: Tensor) -> [[Float]] {
      let (width, values) = (tensor.shape[1], tensor.array(of: Float.self))
      return clips.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
    return zip(rows(features), rows(logits)).map { ($0, $1) }
  }

  private func forward(_ clips: Tensor) -> (features: Tensor, logits: Tensor) {
    withoutGradients {
      let (features, logits) = withAutocast(autocast, on: device) {
        let features = model.features(clips)
        return (features, model.classify(features))
      }
      return (features.to(.float32).to(.cpu), logits.to(.float32).to(.cpu))
    }
  }
}

/// The result for a video as numbers, which processes exchange.
public protocol VideoResult {
  /// Restores a result from its ``numbers``.
  init(numbers: [Double])
  /// The result as numbers.
  var numbers: [Double] { get }
}

extension VideoInference.Output: VideoResult {
  /// Restores an output from its ``numbers``.
  public init(numbers: [Double]) {
    let (rows, width) = (Int(numbers[0]), Int(numbers[1]))
    var rest = numbers.dropFirst(2).map { Float($0) }[...]
    func row(_ count: Int) -> [Float] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    features = (0..<rows).map { _ in row(width) }
    let classes = rows == 0 ? 0 : rest.count / rows
    logits = (0..<rows).map { _ in row(classes) }
  }

  /// The numbers of clips and features, followed by all features and then all logits.
  public var numbers: [Double] {
    [Double(features.count), Double(features.first?.count ?? 0)]
      + (features + logits).flatMap { $0.map(Double.init) }
  }
}

extension Processes {
  /// The results of all processes.
  ///
  /// - Parameters:
  ///   - results: by video; those of `own` are this process's.
  ///   - own: the indices of the videos that this process has run the network over.
  /// - Throws: `PeerFailure`.
  fileprivate func gather<Value: VideoResult>(
    _ results: [Result<Value, VideoFailure>], of own: [Int]
  ) throws -> [Result<Value, VideoFailure>] {
    guard group != nil else { return results }
    var all = results
    var reasons: [Int: String] = [:]
    var numbers: [Double] = []
    for video in own {
      switch results[video] {
      case .failure(let failure): reasons[video] = failure.reason
      case .success(let value):
        let values = value.numbers
        numbers += [Double(video), Double(values.count)] + values
      }
    }
    for found in try gather(reasons) {
      for (video, reason) in found { all[video] = .failure(VideoFailure(reason: reason)) }
    }
    for var rest in try gather(numbers).map({ $0[...] }) {
      while let video = rest.popFirst(), let count = rest.popFirst() {
        all[Int(video)] = .success(Value(numbers: Array(rest.prefix(Int(count)))))
        rest = rest.dropFirst(Int(count))
      }
    }
    return all
  }
}

/// Why a video has no clips.
public struct VideoFailure: Error, Sendable {
  /// The reason, as the predicate of a sentence whose subject is the video.
  public let reason: String

  init(reason: String) { self.reason = reason }

  init(_ error: any Error) {
    reason = (error as? MediaError)?.problem ?? "\(error)"
  }
}

extension Result {
  fileprivate init(
    catching body: () throws -> Success, mapping: (any Error) -> Failure
  ) {
    do { self = .success(try body()) } catch { self = .failure(mapping(error)) }
  }
}

/// Keeps the test clips of videos that are evaluated repeatedly, as long as they fit into memory.
///
/// Safe to share between threads.
public final class TestClipCache: Sendable {
  let byteLimit: Int
  private let state = Mutex(State())

  private struct State {
    var kept: [Key: Result<[ClipPixels], VideoFailure>] = [:]
    var byteCount = 0
  }

  private struct Key: Hashable {
    let video: VideoSource
    let clips: TestClips
  }

  /// A cache of at most `byteLimit` bytes of pixels.
  public init(byteLimit: Int) { self.byteLimit = byteLimit }

  func clips(of video: VideoSource, _ clips: TestClips) -> Result<[ClipPixels], VideoFailure>? {
    state.withLock { $0.kept[Key(video: video, clips: clips)] }
  }

  func keep(_ loaded: Result<[ClipPixels], VideoFailure>, of video: VideoSource, _ clips: TestClips)
  {
    let size = ((try? loaded.get()) ?? []).reduce(64) { $0 + $1.pixels.count }
    state.withLock { state in
      guard state.byteCount + size <= byteLimit else { return }
      state.byteCount += size
      state.kept[Key(video: video, clips: clips)] = loaded
    }
  }
}

/// The softmax: exponentials divided by their sum.
func softmax(_ logits: [Float]) -> [Double] {
  let largest = Double(logits.max() ?? 0)
  let powers = logits.map { exp(Double($0) - largest) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}
