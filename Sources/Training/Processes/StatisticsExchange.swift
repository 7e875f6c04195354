import Torch

/// Running statistics of batch normalizations over the processes of a training.
///
/// Each process normalizes its batches by their own statistics. The running ones become those of one process that goes through
/// the batches of all, rank after rank: with momentum m, every batch scales them by 1 - m and adds its share.
final class StatisticsExchange {
  private let processes: Processes
  private let layers: [BatchNorm3d]
  /// Batches of a step in each process.
  private let batches: Int
  /// float64 [S]: what a step of one process leaves of each statistic.
  private let decay: Tensor
  /// float64 [S]: the statistics before the step, equal in all processes.
  private var agreed: Tensor

  /// - Parameters:
  ///   - network: on its device; parts that are frozen keep their statistics.
  ///   - batches: the number of batches of a step in each process.
  /// - Returns: nil if nothing is to be exchanged: for a process that is alone, or a network without such layers.
  init?(of network: Module, over processes: Processes, batches: Int) {
    let layers = network.batchNormalizations.filter { !$0.isFrozen && !$0.isSynchronized }
    guard processes.group != nil, !layers.isEmpty else { return nil }
    self.processes = processes
    self.layers = layers
    self.batches = batches
    decay = .concatenated(
      layers.map {
        var decay = 1.0
        for _ in 0..<batches { decay *= 1 - $0.momentum }
        return .full(
          [2 * $0.runningMean.count], decay, dtype: .float64, device: $0.runningMean.device)
      })
    agreed = Self.statistics(of: layers)
  }

  /// Notes the statistics before the batches of a step.
  func beginStep() { agreed = withoutGradients { Self.statistics(of: layers) } }

  private static func statistics(of layers: [BatchNorm3d]) -> Tensor {
    .concatenated(layers.flatMap { [$0.runningMean, $0.runningVariance] }).to(.float64)
  }

  /// float64 [S]: this process's share in the statistics after a step, to be summed over the processes.
  var share: Tensor {
    withoutGradients {
      var added = Self.statistics(of: layers) - decay * agreed
      for _ in processes.rank + 1..<processes.count { added = added * decay }
      return added
    }
  }

  /// Takes over the sum of the shares of all processes.
  func apply(_ shares: Tensor) {
    withoutGradients {
      var kept = agreed
      for _ in 0..<processes.count { kept = kept * decay }
      // As float32 holds them, so that all processes continue from the same numbers.
      let parts = (kept + shares).to(.float32)
      var first = 0
      for layer in layers {
        let channels = layer.runningMean.count
        layer.runningMean.copy(from: parts.sliced(0, first..<first + channels))
        layer.runningVariance.copy(from: parts.sliced(0, first + channels..<first + 2 * channels))
        let others = Tensor(scalar: batches * (processes.count - 1))
        layer.batchesTracked.copy(
          from: layer.batchesTracked + others.to(layer.batchesTracked.device))
        first += 2 * channels
      }
    }
  }
}

extension Module {
  /// Every batch normalization at or below this part.
  fileprivate var batchNormalizations: [BatchNorm3d] {
    (self as? BatchNorm3d).map { [$0] } ?? children.flatMap(\.module.batchNormalizations)
  }
}
