import KeyedRandom
import Torch
import VideoModels

func classifier(
  _ architecture: Architecture, width: Int, classes: Int = 9,
  kind: VideoClassifier.Head.Kind = .pretext,
  dropout: Double = 0, device: Device = .cpu
) -> VideoClassifier {
  let backbone = VideoResNet(architecture.plan, width: width, device: device)
  return VideoClassifier(
    backbone: backbone,
    head: .init(
      kind, features: backbone.featureCount, classes: classes, dropout: dropout, device: device))
}

/// float32 numbers uniform in the range from the stream named by `key`.
func keyed(_ key: [UInt64], _ shape: [Int], _ range: ClosedRange<Double>) -> Tensor {
  var generator = KeyedGenerator(key: key)
  let count = shape.reduce(1, *)
  return Tensor((0..<count).map { _ in Float(generator.uniform(in: range)) }, shape: shape)
}

extension Module {
  var shapes: [String: [Int]] {
    Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor.shape) })
  }
}
