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

/// The state dict that make_goldens.py fills a network with.
func keyedState(_ shapes: [String: [Int]]) -> [String: Tensor] {
  var state: [String: Tensor] = [:]
  for (place, (name, shape)) in shapes.sorted(by: { $0.key < $1.key }).enumerated() {
    let key = [50, UInt64(place)]
    if name.hasSuffix("num_batches_tracked") {
      state[name] = .zeros(shape, dtype: .int64)
    } else if shape.count == 5 {
      let bound = (3 / Double(shape[1...].reduce(1, *))).squareRoot()
      state[name] = keyed(key, shape, -bound...bound)
    } else if shape.count == 1, name.hasSuffix(".weight") || name.hasSuffix(".running_var") {
      state[name] = keyed(key, shape, 0.5...1.5)
    } else {
      state[name] = keyed(key, shape, -0.5...0.5)
    }
  }
  return state
}

extension Module {
  var shapes: [String: [Int]] {
    Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor.shape) })
  }
}
