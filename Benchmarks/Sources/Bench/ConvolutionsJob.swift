// Each convolution of a network alone: forward, gradient of the input, gradient of the weights.

import Torch

struct ConvolutionsJob: Job {
  struct Input: Decodable {
    let convolutions: [Convolution]
  }

  struct Convolution: Decodable {
    let name: String
    /// [N, C, T, H, W].
    let input: [Int]
    /// The number of output channels.
    let channels: Int
    let kernel: [Int]
    let stride: [Int]
    /// False for a network's first convolution, whose input needs no gradient.
    let hasDataGradient: Bool
  }

  private let convolutions: [(description: Convolution, layer: Conv3d)]
  let facts: [String: Double]

  init(_ input: Input) {
    let generator = Generator(seed: 1)
    convolutions = input.convolutions.map {
      let layer = Conv3d(
        $0.input[1], $0.channels, kernel: extent($0.kernel), stride: extent($0.stride),
        using: generator)
      return ($0, layer)
    }
    facts = ["convolutions": Double(convolutions.count)]
  }

  func run() -> [String: Double] {
    var parts: [String: Double] = [:]
    for (description, layer) in convolutions {
      let input = Tensor.full(description.input, 0.5).contiguous(.video)
      let name = description.name
      parts["\(name)-forward"] = second { withoutGradients { seconds { _ = layer(input) } } }
      parts["\(name)-weight-gradient"] = second { backward(layer, input) }
      layer.weight.gradient = nil
      guard description.hasDataGradient else { continue }
      layer.weight.requiresGradient = false
      input.requiresGradient = true
      parts["\(name)-data-gradient"] = second { backward(layer, input) }
      layer.weight.requiresGradient = true
    }
    return parts
  }

  /// The second of two measurements: the first one brings code and data back into the caches.
  private func second(_ measure: () -> Double) -> Double {
    _ = measure()
    return measure()
  }

  /// The seconds of the backward pass alone.
  private func backward(_ layer: Conv3d, _ input: Tensor) -> Double {
    layer.weight.gradient = nil
    input.gradient = nil
    let output = layer(input)
    let gradient = Tensor.full(output.shape, 0.5).contiguous(.video)
    return seconds { output.backward(gradient) }
  }
}

private func extent(_ values: [Int]) -> Extent3 { Extent3(values[0], values[1], values[2]) }
