import Foundation
import SafeFiles
import VideoModels

/// The configurations included in mosi: the files of configs/.
public enum Preset: String, CaseIterable, Sendable {
  /// The paper's settings for pre-training. They are the defaults, written out so that a reader finds them in one place.
  case paperPretrain = "paper-pretrain"
  /// The paper's settings for fine-tuning.
  case paperFinetune = "paper-finetune"
  /// A small pre-training for a laptop.
  case tiny
  /// A small pre-training with the static mask.
  case tinyMasked = "tiny-masked"
  /// The pre-training of `make demo`.
  case demo
  /// 3D-RotNet as in its paper.
  case rotation
  /// A small 3D-RotNet for a laptop.
  case tinyRotation = "tiny-rotation"
  /// VCOP as in its paper.
  case clipOrder = "clip-order"
  /// A small VCOP for a laptop.
  case tinyClipOrder = "tiny-clip-order"
  /// VCP as in its paper.
  case cloze
  /// A small VCP for a laptop.
  case tinyCloze = "tiny-cloze"
  /// OPN as in its paper.
  case frameOrder = "frame-order"
  /// A small OPN for a laptop.
  case tinyFrameOrder = "tiny-frame-order"
  /// ST-Puzzle as in its paper.
  case cubicPuzzle = "cubic-puzzle"
  /// A small ST-Puzzle for a laptop.
  case tinyCubicPuzzle = "tiny-cubic-puzzle"
  /// SpeedNet as in its paper.
  case speed
  /// A small SpeedNet for a laptop.
  case tinySpeed = "tiny-speed"
  /// PRP as in its paper.
  case playbackRate = "playback-rate"
  /// A small PRP for a laptop.
  case tinyPlaybackRate = "tiny-playback-rate"
  /// DPC as in its paper.
  case densePrediction = "dense-prediction"
  /// A small DPC for a laptop.
  case tinyDensePrediction = "tiny-dense-prediction"
  /// MemDPC as in its paper.
  case memoryPrediction = "memory-prediction"
  /// A small MemDPC for a laptop.
  case tinyMemoryPrediction = "tiny-memory-prediction"
  /// The fine-tuning of DPC, with its aggregator.
  case densePredictionFinetune = "dense-prediction-finetune"
  /// The fine-tuning of MemDPC, with its aggregators.
  case memoryPredictionFinetune = "memory-prediction-finetune"
  /// VideoMAE on the videos of UCF101.
  case videoMAE = "videomae"
  /// A small VideoMAE for a laptop.
  case tinyVideoMAE = "tiny-videomae"
  /// Masked modeling of MoSI's moving window for a laptop.
  case tinyWindow = "tiny-window"
  /// PMG: masked modeling of transformed stills.
  case pmg
  /// A small PMG for a laptop.
  case tinyPMG = "tiny-pmg"
  /// Masked modeling of moving shapes, without data.
  case movingShapes = "moving-shapes"
  /// The same for a laptop.
  case tinyMovingShapes = "tiny-moving-shapes"
  /// The fine-tuning of VideoMAE on UCF101.
  case videoMAEFinetune = "videomae-finetune"
  /// A small fine-tuning of a transformer for a laptop.
  case tinyVideoMAEFinetune = "tiny-videomae-finetune"
  /// A small fine-tuning for a laptop.
  case tinyFinetune = "tiny-finetune"
  /// The fine-tuning of `make demo`.
  case demoFinetune = "demo-finetune"

  /// The kind of training that it configures.
  public var phase: TrainingPhase {
    switch self {
    case .paperFinetune, .densePredictionFinetune, .memoryPredictionFinetune, .videoMAEFinetune,
      .tinyVideoMAEFinetune, .tinyFinetune, .demoFinetune:
      .finetuning
    default: .pretraining
    }
  }

  /// The pre-training for a laptop that does the same as `task`.
  public static func tiny(for task: TaskSettings) -> Preset {
    switch task.kind {
    case .mosi: task.mosi.mask.enabled ? .tinyMasked : .tiny
    case .masked:
      switch task.masked.motion {
      case .window: .tinyWindow
      case .transformations: .tinyPMG
      case .clips: .tinyVideoMAE
      }
    case .rotation: .tinyRotation
    case .clipOrder: .tinyClipOrder
    case .cloze: .tinyCloze
    case .frameOrder: .tinyFrameOrder
    case .cubicPuzzle: .tinyCubicPuzzle
    case .speed: .tinySpeed
    case .playbackRate: .tinyPlaybackRate
    case .densePrediction:
      task.densePrediction.memorySlots == nil ? .tinyDensePrediction : .tinyMemoryPrediction
    }
  }

  /// The fine-tuning of a network of `architecture` for a laptop.
  public static func tiny(for architecture: Architecture) -> Preset {
    architecture.isTransformer ? .tinyVideoMAEFinetune : .tinyFinetune
  }

  /// The YAML of the file.
  public var text: String {
    let bytes =
      switch self {
      case .paperPretrain: PackageResources.paper_pretrain_yaml
      case .paperFinetune: PackageResources.paper_finetune_yaml
      case .tiny: PackageResources.tiny_yaml
      case .tinyMasked: PackageResources.tiny_masked_yaml
      case .demo: PackageResources.demo_yaml
      case .rotation: PackageResources.rotation_yaml
      case .tinyRotation: PackageResources.tiny_rotation_yaml
      case .clipOrder: PackageResources.clip_order_yaml
      case .tinyClipOrder: PackageResources.tiny_clip_order_yaml
      case .cloze: PackageResources.cloze_yaml
      case .tinyCloze: PackageResources.tiny_cloze_yaml
      case .frameOrder: PackageResources.frame_order_yaml
      case .tinyFrameOrder: PackageResources.tiny_frame_order_yaml
      case .cubicPuzzle: PackageResources.cubic_puzzle_yaml
      case .tinyCubicPuzzle: PackageResources.tiny_cubic_puzzle_yaml
      case .speed: PackageResources.speed_yaml
      case .tinySpeed: PackageResources.tiny_speed_yaml
      case .playbackRate: PackageResources.playback_rate_yaml
      case .tinyPlaybackRate: PackageResources.tiny_playback_rate_yaml
      case .densePrediction: PackageResources.dense_prediction_yaml
      case .tinyDensePrediction: PackageResources.tiny_dense_prediction_yaml
      case .memoryPrediction: PackageResources.memory_prediction_yaml
      case .tinyMemoryPrediction: PackageResources.tiny_memory_prediction_yaml
      case .densePredictionFinetune: PackageResources.dense_prediction_finetune_yaml
      case .memoryPredictionFinetune: PackageResources.memory_prediction_finetune_yaml
      case .videoMAE: PackageResources.videomae_yaml
      case .tinyVideoMAE: PackageResources.tiny_videomae_yaml
      case .tinyWindow: PackageResources.tiny_window_yaml
      case .pmg: PackageResources.pmg_yaml
      case .tinyPMG: PackageResources.tiny_pmg_yaml
      case .movingShapes: PackageResources.moving_shapes_yaml
      case .tinyMovingShapes: PackageResources.tiny_moving_shapes_yaml
      case .videoMAEFinetune: PackageResources.videomae_finetune_yaml
      case .tinyVideoMAEFinetune: PackageResources.tiny_videomae_finetune_yaml
      case .tinyFinetune: PackageResources.tiny_finetune_yaml
      case .demoFinetune: PackageResources.demo_finetune_yaml
      }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The settings of the file.
  public var layer: ConfigurationLayer {
    get throws { try ConfigurationLayer(yaml: text, origin: "the preset \(rawValue)") }
  }

  /// The names of the presets for a kind of training, joined for a message.
  public static func names(of phase: TrainingPhase) -> String {
    allCases.filter { $0.phase == phase }.map(\.rawValue).joined(separator: ", ")
  }

  /// The layer for `--config NAME`: a preset, else a file.
  ///
  /// - Throws: ``ConfigurationError``, `FileError`.
  static func layer(_ name: String, for phase: TrainingPhase) throws -> ConfigurationLayer {
    let own = allCases.filter { $0.phase == phase }.map(\.rawValue)
    if let preset = Self(rawValue: name) {
      guard preset.phase == phase else {
        throw ConfigurationError.foreignPreset(
          name: name, command: preset.phase.command, presets: own)
      }
      return try preset.layer
    }
    let isName = !name.contains("/") && !name.contains(".")
    guard !isName || fileExists(at: name) else {
      throw ConfigurationError.unknownPreset(
        name: name, nearest: nearestName(to: name, among: own), presets: own)
    }
    guard let text = String(data: try readFile(at: name), encoding: .utf8) else {
      throw ConfigurationError.unreadable(path: name, problem: "it is not UTF-8 text")
    }
    return try ConfigurationLayer(yaml: text, origin: name)
  }
}
