import Figures
import Foundation
import Media
import MoSI
import Pretext
import Torch
import VideoModels

/// What somebody who watches a training sees of the network: where it looks in a few clips, and how its numbers are
/// distributed. Looking changes nothing of the training.
struct NetworkView {
  /// The clips that are watched; nil where there are none.
  let clips: LabelledClips?
  private let classNames: [String]
  private let normalization: Normalization
  private let stage: StageName
  private var lastLook: ContinuousClock.Instant?
  private var cost = Duration.zero

  /// At most so many clips are watched.
  static let clipLimit = 4
  /// A run is looked into at most so often: pictures add up.
  private static let looks = 50
  /// A look may take this share of the time.
  private static let share = 0.01
  /// A histogram tells enough of so many numbers.
  private static let sampleSize = 10_000

  init(
    _ clips: LabelledClips?, classNames: [String], normalization: Normalization,
    architecture: Architecture
  ) {
    self.clips = clips
    self.classNames = classNames
    self.normalization = normalization
    let shape = clips?.clips.shape ?? [1, 3, 8, 112, 112]
    stage = architecture.latestStage(frames: shape[2], height: shape[3], width: shape[4])
  }

  /// Whether the network is looked into at the end of `epoch`, from 1: of the first and the last, and of others as long
  /// as that costs next to nothing.
  func isDue(epoch: Int, of epochs: Int) -> Bool {
    guard let lastLook, epoch < epochs else { return true }
    return epoch % max(1, epochs / Self.looks) == 0
      && Self.share * (ContinuousClock.now - lastLook).seconds >= cost.seconds
  }

  /// Writes the weights and gradients of each stage and the Grad-CAMs of the clips.
  ///
  /// - Parameters:
  ///   - model: with the gradients of its last step.
  ///   - whileJudged: runs its body with the weights that are judged, in evaluation mode.
  mutating func record(
    _ model: VideoClassifier, to board: TensorBoardLog, step: Int,
    whileJudged: (() -> ContactSheet?) -> ContactSheet?
  ) {
    let begun = ContinuousClock.now
    for (name, part) in model.backbone.children + [("head", model.head)] {
      let weights = part.parameters.filter { $0.role == .weight }.map(\.tensor)
      board.histogram("weights/\(name)", Self.sample(weights), step: step)
      board.histogram("gradients/\(name)", Self.sample(weights.compactMap(\.gradient)), step: step)
    }
    if let sheet = whileJudged({ sheet(of: model) }) {
      board.picture("grad_cam/\(stage.rawValue)", sheet, step: step)
    }
    lastLook = .now
    cost = lastLook! - begun
  }

  /// Evenly spread numbers of the tensors.
  private static func sample(_ tensors: [Tensor]) -> [Float] {
    let count = tensors.reduce(0) { $0 + $1.count }
    var step = max(1, count / sampleSize)
    // Of a step that the kernels' sizes or the channels divide, the same taps or channels would be taken throughout.
    while [2, 3, 7].contains(where: { step > 1 && step % $0 == 0 }) { step += 1 }
    return withoutGradients {
      tensors.flatMap { tensor in
        tensor.detached().flattened().unfolded(0, size: 1, step: step).to(.float32)
          .array(of: Float.self)
      }
    }
  }

  /// A row a clip: the heat of its true label over its frames.
  private func sheet(of model: VideoClassifier) -> ContactSheet? {
    guard let clips else { return nil }
    let labels = clips.labels.array(of: Int.self)
    let cam = model.gradCAM(clips.clips, at: stage, labels: labels)
    let guesses = cam.logits.argmax(1).array(of: Int.self)
    let frames = normalization.frames(from: clips.clips)
    return ContactSheet(
      title: "Grad-CAM at \(stage.rawValue)",
      legend: ColorBar(label: "heat: share of the clip's greatest", range: 0...1),
      rows: labels.indices.map { index in
        let pictures = [Picture](frames: frames.selected(0, index))
        let maps = cam.maps.selected(0, index)
        return ContactSheet.Row(
          title: classNames[labels[index]], subtitle: "seen as \(classNames[guesses[index]])",
          motion: nil,
          frames: pictures.enumerated().map { frame, picture in
            HeatMap(
              width: picture.width, height: picture.height,
              values: maps.selected(0, frame).to(.cpu).array()
            ).picture(over: picture)
          })
      }, maximumWidth: 1000)
  }
}
