import KeyedRandom
import Media
import MoSI
import Pretext
import Torch
import VideoData
import VideoModels

/// The pretext task on held-out sources: the paper's Acc-PT.
///
/// Stills are the centres of pictures and of videos' middle frames, paths are centred, nothing is jittered; masks
/// are drawn from a fixed seed: every run and epoch is judged on the same clips.
struct PretextValidation {
  /// uint8 [3, H, W] each, on the CPU.
  private let stills: [Tensor]
  private let task: any PretextTask

  var sourceCount: Int { stills.count }

  /// Loads at most `limit` of the loader's sources on `workers` threads; bad ones are left out. Nil where none is left.
  init?(loader: StillLoader, limit: Int, workers: Int, task: any PretextTask) throws {
    let indices = Self.evenlySpread(limit, of: loader.sources.count)
    let prefetcher = Prefetcher(count: indices.count, workers: workers, ahead: 4 * workers) {
      loader.centreStill(ofSource: indices[$0])
    }
    defer { prefetcher.cancel() }
    var stills: [Tensor] = []
    while let still = try prefetcher.next() {
      if let still { stills.append(.stills([still])) }
    }
    guard !stills.isEmpty else { return nil }
    self.stills = stills
    self.task = task
  }

  private static func evenlySpread(_ limit: Int, of count: Int) -> [Int] {
    count <= limit ? Array(0..<count) : (0..<limit).map { $0 * count / limit }
  }

  /// How `model`, in evaluation mode, does; `batch` sources at a time.
  func run(_ model: VideoClassifier, batch: Int, device: Device, autocast: DType?)
    -> ValidationResult
  {
    let classes = task.classNames.count
    var loss = 0.0
    var clips = 0
    var correct = [Int](repeating: 0, count: classes)
    var seen = [Int](repeating: 0, count: classes)
    for first in stride(from: 0, to: stills.count, by: batch) {
      let range = first..<min(first + batch, stills.count)
      let sources = Tensor.concatenated(Array(stills[range])).to(device)
      let generators = range.map { KeyedGenerator(Self.key, UInt64($0)) }
      withoutGradients {
        let made = task.clips(from: sources, generators: generators, purpose: .validation)
        let logits = withAutocast(autocast, on: device) { model(made.clips) }.to(.float32)
        loss += crossEntropy(logits, made.labels).item * Double(made.labels.count)
        let labels = made.labels.array(of: Int.self)
        for (label, guess) in zip(labels, logits.argmax(1).array(of: Int.self)) {
          seen[label] += 1
          if label == guess { correct[label] += 1 }
        }
        clips += labels.count
      }
    }
    return ValidationResult(
      loss: loss / Double(clips),
      top1: Double(correct.reduce(0, +)) / Double(clips),
      top1PerLabel: zip(correct, seen).map { $1 == 0 ? 0 : Double($0) / Double($1) },
      sourceCount: stills.count)
  }

  /// At most `limit` of the clips: of sources evenly spread, each with another label.
  func samples(_ limit: Int, device: Device) -> LabelledClips {
    let clips = Self.evenlySpread(limit, of: stills.count).enumerated().map { row, index in
      withoutGradients {
        let made = task.clips(
          from: stills[index].to(device), generators: [KeyedGenerator(Self.key, UInt64(index))],
          purpose: .validation)
        // Neighbours among the labels are much alike.
        let clip = row * 2 % made.labels.count
        return (made.clips.sliced(0, clip..<clip + 1), made.labels.sliced(0, clip..<clip + 1))
      }
    }
    return LabelledClips(
      clips: .concatenated(clips.map(\.0)), labels: .concatenated(clips.map(\.1)))
  }

  private static let key: UInt64 = 0xACC0_0000
}
