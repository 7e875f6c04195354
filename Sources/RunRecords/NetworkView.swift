import Figures
import Foundation
import Media
import Pretext
import Torch
import Training
import VideoData
import VideoModels

/// Views of the network during a training: its Grad-CAM on a few clips, and the distributions of its weights and
/// gradients. They do not affect the training.
struct NetworkView {
  /// The watched clips; nil if there are none.
  private let clips: LabeledClips?
  private let classNames: [String]
  private let normalization: Normalization
  private let architecture: Architecture
  private var lastTime: ContinuousClock.Instant?
  private var cost = Duration.zero

  /// The maximum number of views of a run, because pictures add up.
  private static let limit = 50
  /// The maximum share of the training time for views.
  private static let share = 0.01
  /// The number of elements in a histogram.
  private static let sampleSize = 10_000

  init(_ start: TrainingStart) {
    clips = start.classNames == nil ? nil : start.watchedClips
    classNames = start.classNames ?? []
    normalization = start.normalization
    architecture = start.architecture
  }

  /// True if the network is viewed at the end of `epoch`, from 1: at the first, at the last, and at others as long as
  /// views take little time.
  func isDue(epoch: Int, of epochs: Int) -> Bool {
    guard let lastTime, epoch < epochs else { return true }
    return epoch % max(1, epochs / Self.limit) == 0
      && (ContinuousClock.now - lastTime) * Self.share >= cost
  }

  /// Writes the weights and gradients of each stage and, if the network is a classifier, the heat maps of the clips.
  mutating func record(_ epoch: EpochEnd, to board: TensorBoardRecorder) {
    let begun = ContinuousClock.now
    for (name, part) in parts(of: epoch.network) {
      let weights = part.parameters.filter { $0.role == .weight }.map(\.tensor)
      board.histogram("weights/\(name)", Self.sample(weights), step: epoch.step)
      board.histogram(
        "gradients/\(name)", Self.sample(weights.compactMap(\.gradient)), step: epoch.step)
    }
    if let clips, let classifier = epoch.network as? VideoClassifier {
      let extents = clips.clips.shape
      let maps = HeatMethod.usual(
        for: architecture,
        at: architecture.latestStage(
          frames: extents[2], height: extents[3], width: extents[4]))
      epoch.withEvaluationWeights {
        board.picture(
          "grad_cam/\(maps.code)", sheet(of: classifier, clips, by: maps), step: epoch.step)
      }
    }
    lastTime = .now
    cost = lastTime! - begun
  }

  /// The stages of the backbone, and the other parts of the network.
  private func parts(of network: Module) -> [(name: String, module: Module)] {
    network.children.flatMap { name, module in
      name == "backbone" ? module.children : [(name, module)]
    }
  }

  /// Evenly spaced elements of the tensors.
  private static func sample(_ tensors: [Tensor]) -> [Float] {
    let count = tensors.reduce(0) { $0 + $1.count }
    var step = max(1, count / sampleSize)
    // If the step had a common factor with kernel sizes or channels, the same taps or channels would be selected
    // throughout.
    while [2, 3, 7].contains(where: { step > 1 && step % $0 == 0 }) { step += 1 }
    return withoutGradients {
      tensors.flatMap { tensor in
        tensor.detached().flattened().unfolded(0, size: 1, step: step).to(.float32)
          .array(of: Float.self)
      }
    }
  }

  /// A row for each clip: the heat map of its true label over its frames.
  private func sheet(of classifier: VideoClassifier, _ clips: LabeledClips, by maps: HeatMethod)
    -> ContactSheet
  {
    let labels = clips.labels.array(of: Int.self)
    let heat = classifier.heat(clips.clips, by: maps, labels: labels)
    let guesses = heat.logits.argmax(1).array(of: Int.self)
    let frames = normalization.frames(from: clips.clips)
    return ContactSheet(
      title: maps.description,
      legend: ColorBar(label: "heat: share of the clip's maximum", range: 0...1),
      rows: labels.indices.map { index in
        let pictures = [Picture](frames: frames.selected(0, index))
        let values = heat.maps.selected(0, index)
        return ContactSheet.Row(
          title: classNames[labels[index]], subtitle: "seen as \(classNames[guesses[index]])",
          motion: nil,
          frames: pictures.enumerated().map { frame, picture in
            HeatMap(
              width: picture.width, height: picture.height,
              values: values.selected(0, frame).to(.cpu).array()
            ).picture(over: picture)
          })
      }, maximumWidth: 1000)
  }
}
