import KeyedRandom
import TestSupport
import Testing
import Torch
import VideoModels

/// A network with the same random weights each time.
func classifier(
  _ architecture: Architecture, width: Int, classes: Int = 9,
  kind: VideoClassifier.Head.Kind = .pretext,
  dropout: Double = 0, device: Device = .cpu
) -> VideoClassifier {
  let generator = Generator(seed: 1, device: device)
  let backbone = architecture.makeBackbone(width: width, using: generator)
  let model = VideoClassifier(
    backbone: backbone,
    head: .init(
      kind, features: backbone.featureCount, classes: classes, dropout: dropout,
      using: generator))
  model.setGenerator(generator)
  return model
}

/// The network that a state dict was recognized as, with its weights.
func classifier(
  _ network: RecognizedNetwork, _ state: [String: Tensor], epsilon: Double? = nil
) throws -> VideoClassifier {
  let head = try #require(network.head)
  let generator = Generator(seed: 1)
  let backbone = network.architecture.makeBackbone(
    width: network.width, epsilon: epsilon ?? network.epsilon, positions: network.positions,
    using: generator)
  let model = VideoClassifier(
    backbone: backbone,
    head: .init(
      head.kind, features: backbone.featureCount, classes: head.classes, dropout: 0,
      using: generator))
  try model.load(network.ownState(state))
  return model
}

/// The shape of `count` small clips that the network does not reduce to nothing: of 8 x 32 x 32, or of frames alone.
func clipShape(_ count: Int, for architecture: Architecture, side: Int = 32) -> [Int] {
  architecture == .opn ? [count, 3, 2, 72, 72] : [count, 3, 8, side, side]
}

/// Uniform float32 numbers in the range from the stream with the key `key`.
func keyed(_ key: [UInt64], _ shape: [Int], _ range: ClosedRange<Double>) -> Tensor {
  var generator = KeyedGenerator(key: key)
  let count = shape.reduce(1, *)
  return Tensor((0..<count).map { _ in Float(generator.uniform(in: range)) }, shape: shape)
}

/// The state dict with which make_goldens.py fills a network.
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

func greatestDifference(_ tensor: Tensor, _ expected: Tensor) -> Double {
  guard tensor.shape == expected.shape else { return .infinity }
  return (tensor.detached().to(.float64) - expected.to(.float64)).absolute().flattened().max([0])
    .item
}

/// The norm of the difference divided by the norm.
func relativeDifference(_ tensor: Tensor, _ expected: Tensor) -> Double {
  guard tensor.shape == expected.shape else { return .infinity }
  let expected = expected.to(.float64)
  return (tensor.detached().to(.float64) - expected).norm / expected.norm
}

/// PyTorch's results with the weights of a network.
struct Computed {
  /// In evaluation mode.
  let features: Tensor
  let logits: Tensor
  /// In training mode.
  let trainingLogits: Tensor
  let loss: Tensor
  /// The gradient of the loss with respect to this parameter.
  let gradient: (name: String, tensor: Tensor)

  /// Tolerances are absolute; for gradients, relative to their norm.
  ///
  /// In float32, gradients depend on rounding: an activation at 0 has a derivative on one side only. PyTorch's own
  /// gradients of an R(2+1)D-10 differ by 1.5e-3 between its two memory layouts; in float64 by 1e-15. So gradients are
  /// compared in float64, and in float32 only to a few percent.
  func expect(of model: VideoClassifier, clips: Tensor, labels: Tensor) throws {
    model.train(false)
    withoutGradients {
      #expect(greatestDifference(model.features(clips), features) < 1e-4)
      #expect(greatestDifference(model(clips), logits) < 1e-4)
    }
    let parameter = try #require(model.parameters.first { $0.name == gradient.name }).tensor
    model.train()
    for (dtype, tolerance) in [(DType.float32, 0.03), (.float64, 1e-5)] {
      if dtype == .float64 { model.useFloat64() }
      let found = model(clips.to(dtype))
      let foundLoss = crossEntropy(found, labels)
      foundLoss.backward()
      #expect(greatestDifference(found, trainingLogits) < 1e-4)
      #expect(abs(foundLoss.item - loss.item) < 1e-5)
      let slope = try #require(parameter.gradient)
      #expect(relativeDifference(slope, gradient.tensor) < tolerance, "\(dtype)")
    }
  }
}
