import SyntheticData
import Training

/// Parts of the accuracy on Moving Sprites, from the predicted classes.
public struct SpriteScore: Sendable, Equatable {
  /// Numbers of videos of a part.
  private struct Part: Equatable {
    var correct = 0
    var videos = 0

    var share: Double? { videos == 0 ? nil : Double(correct) / Double(videos) }

    mutating func add(_ correct: Int, of videos: Int) {
      self.correct += correct
      self.videos += videos
    }
  }

  private var look = Part()
  private var motion = Part()
  private var plain = Part()
  private var other = Part()

  /// - Parameter evaluation: an evaluation on Moving Sprites. A video that could not be read has no prediction, and counts as
  ///   one whose look is wrong. Classes that are not actions of sprites are left out.
  public init(_ evaluation: Evaluation.Summary) {
    let actions = evaluation.classes.map { SpriteAction(rawValue: $0.name) }
    for (index, result) in evaluation.classes.enumerated() {
      guard let action = actions[index] else { continue }
      if action.isPseudoMotion {
        plain.add(result.correct, of: result.videos)
      } else {
        other.add(result.correct, of: result.videos)
      }
      let alike = zip(actions, evaluation.confusion[index]).reduce(0) {
        $0 + ($1.0?.look == action.look ? $1.1 : 0)
      }
      look.add(alike, of: result.videos)
      motion.add(result.correct, of: alike)
    }
  }

  /// The value of a measure as a share; nil for measures that are not a part of the accuracy, and for parts without videos.
  public subscript(measure: Measure) -> Double? {
    switch measure {
    case .look: look.share
    case .motion: motion.share
    case .plainClasses: plain.share
    case .otherClasses: other.share
    default: nil
    }
  }
}
