// Ballas et al., "Delving Deeper into Convolutional Networks for Learning Video Representations" (ICLR 2016), section 3.1: GRUs
// with convolutions; here with kernels of 1 x 1, as in DPC and MemDPC.

import Torch
import VideoModels

/// DPC's and MemDPC's aggregator: a convolutional GRU over time, at each place on its own, and for MemDPC another one backward
/// in time.
///
/// As a `FeatureAggregator` it takes the backbone's output [N, C, t, h, w] and returns the mean over places of the last state,
/// or of both last states one after another. The tensors are named `forward.…` and `backward.…`.
public final class RecurrentAggregator: FeatureAggregator {
  /// The directions in time.
  public enum Directions: String, CaseIterable, Sendable {
    /// Forward, as in DPC.
    case forward
    /// Forward and backward, as in MemDPC.
    case both
  }

  private let cells: [Cell]
  private let dropout: Dropout
  private let channels: Int

  /// - Parameters:
  ///   - channels: the number of channels C of the backbone's output and of a state.
  ///   - directions: the directions in time.
  ///   - gain: the factor of the orthogonal weights.
  ///   - dropout: the rate of dropout on a state after each step.
  ///   - generator: draws the weights.
  public init(
    _ channels: Int, directions: Directions, gain: Double, dropout: Double,
    using generator: Generator
  ) {
    self.channels = channels
    self.dropout = Dropout(dropout)
    cells = (0..<(directions == .both ? 2 : 1)).map { _ in
      Cell(channels, gain: gain, using: generator)
    }
  }

  public override var children: [(name: String, module: Module)] {
    [("dropout", dropout)] + zip(["forward", "backward"], cells).map { ($0, $1) }
  }

  /// C for each direction.
  public override var featureCount: Int { cells.count * channels }

  /// The number of directions.
  var directionCount: Int { cells.count }

  /// The state after inputs in the order in which they are seen, [B, C, 1, h, w] each and not negative.
  ///
  /// - Parameters:
  ///   - inputs: the inputs.
  ///   - state: the state before the first one; nil for zeros.
  ///   - direction: the number of the direction.
  func state(after inputs: [Tensor], from state: Tensor? = nil, direction: Int) -> Tensor {
    inputs.reduce(state ?? inputs[0].zerosLike()) {
      dropout(cells[direction]($1, state: $0))
    }
  }

  public override func callAsFunction(_ map: Tensor) -> Tensor {
    let times = map.split(size: 1, axis: 2)
    let orders = [times, times.reversed()]
    let states = cells.indices.map {
      state(after: orders[$0], direction: $0).globalAveragePool()
    }
    return .concatenated(states, axis: 1)
  }

  /// A GRU cell. Input and state [B, C, 1, h, w].
  private final class Cell: Module {
    private let reset: Conv3d
    private let update: Conv3d
    private let candidate: Conv3d

    init(_ channels: Int, gain: Double, using generator: Generator) {
      func gate() -> Conv3d {
        .orthogonal(2 * channels, channels, gain: gain, using: generator)
      }
      reset = gate()
      update = gate()
      candidate = gate()
    }

    override var children: [(name: String, module: Module)] {
      [("reset_gate", reset), ("update_gate", update), ("out_gate", candidate)]
    }

    func callAsFunction(_ input: Tensor, state: Tensor) -> Tensor {
      let both = Tensor.concatenated([input, state], axis: 1)
      let update = update(both).sigmoid()
      let kept = state * reset(both).sigmoid()
      let candidate = candidate(.concatenated([input, kept], axis: 1)).tanh()
      return state * (1 - update) + candidate * update
    }
  }
}

extension Conv3d {
  /// A 1x1x1 convolution with bias, with orthogonal weights times `gain`.
  static func orthogonal(_ input: Int, _ output: Int, gain: Double, using generator: Generator)
    -> Conv3d
  {
    let layer = Conv3d(input, output, kernel: .one, bias: true, using: generator)
    guard generator.device != .meta else { return layer }
    withoutGradients {
      _ = layer.weight.copy(
        from: .orthogonal(layer.weight.shape, gain: gain, using: generator))
    }
    return layer
  }
}
