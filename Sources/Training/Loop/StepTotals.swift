import Pretext
import Torch

/// Sums the results of a step's batches, in float64 on the device. Only ``read(unreadLosses:)`` waits for the device.
struct StepTotals {
  private var names: [String] = []
  private var sums: [Tensor] = []
  private var hasClasses = false
  /// float64 [processes]: the seconds that each process waited for data in this step; nil for a process that is alone.
  private var dataSeconds: Tensor?

  /// Adds a batch that makes up `share` of the step.
  mutating func add(_ output: StepOutput, share: Double) {
    withoutGradients {
      var values = [output.loss.detached()]
      if let predictions = output.predictions { values.append(predictions.top1) }
      values += output.terms.map { $0.value.detached() }
      let weighted = values.map { $0.to(.float64) * share }
      if sums.isEmpty {
        names = output.terms.map(\.name)
        hasClasses = output.predictions != nil
        sums = weighted
      } else {
        precondition(
          names == output.terms.map(\.name) && hasClasses == (output.predictions != nil),
          "the batches of a step give different terms")
        sums = zip(sums, weighted).map { $0 + $1 }
      }
    }
  }

  /// Adds what the other processes have summed, and exchanges running statistics and waiting times along the way.
  ///
  /// - Parameters:
  ///   - processes: the processes of the step.
  ///   - statistics: the running statistics to exchange; nil if there are none.
  ///   - dataSeconds: the seconds that this process waited for data in this step.
  /// - Throws: `PeerFailure`.
  mutating func sum(
    over processes: Processes, with statistics: StatisticsExchange?, dataSeconds: Double
  ) throws {
    guard let group = processes.group else { return }
    try withoutGradients {
      let own = Tensor.stacked(sums)
      let waits = Tensor((0..<group.count).map { $0 == group.rank ? dataSeconds : 0 })
      let all = Tensor.concatenated(
        [own, waits.to(own.device)] + (statistics.map { [$0.share] } ?? []))
      try group.reduce(all)
      let places = 0..<sums.count
      let waitPlaces = places.upperBound..<places.upperBound + group.count
      sums = places.map { all.selected(0, $0) }
      self.dataSeconds = all.sliced(0, waitPlaces)
      statistics?.apply(all.sliced(0, waitPlaces.upperBound..<all.count))
    }
  }

  /// float32 []: 0 if the loss is finite, else 1. ``WeightUpdate/apply(atStep:unless:)`` skips the update if it is 1.
  var isNotFinite: Tensor {
    // The difference of an infinity or NaN with itself is NaN.
    withoutGradients { 1 - (sums[0] - sums[0]).equal(to: 0).to(.float32) }
  }

  /// float64 []: the loss. A sum of losses over steps is finite only if each of them is.
  var loss: Tensor { sums[0] }

  /// The means of a step over its clips.
  struct Measures {
    /// False if this loss, or that of an earlier step that was not read, is not finite.
    let areFinite: Bool
    /// The number of suppressed updates, of this step and of the earlier ones that were not read.
    let suppressedSteps: Int
    let loss: Double
    /// Nil for tasks without classes.
    let top1: Double?
    let terms: [String: Double]
    /// The seconds that each process waited for data in this step; empty for a process that is alone.
    let processDataSeconds: [Double]
  }

  /// Reads the means from the device, and waits for it.
  ///
  /// - Parameters:
  ///   - unreadLosses: float64 [], the sum of the losses of earlier steps that were not read.
  ///   - suppressedSteps: float32 [], the number of suppressed updates.
  func read(unreadLosses: Tensor, suppressedSteps: Tensor) -> Measures {
    let others = [unreadLosses, suppressedSteps.to(.float64)]
    let scalars = Tensor.stacked(sums + others)
    let values = (dataSeconds.map { .concatenated([scalars, $0]) } ?? scalars)
      .array(of: Double.self)
    let terms = values[..<sums.count].dropFirst(hasClasses ? 2 : 1)
    return Measures(
      areFinite: values[0].isFinite && values[sums.count].isFinite,
      suppressedSteps: Int(values[sums.count + 1]), loss: values[0],
      top1: hasClasses ? values[1] : nil,
      terms: Dictionary(uniqueKeysWithValues: zip(names, terms)),
      processDataSeconds: Array(values[(sums.count + 2)...]))
  }
}
