/// The exponential moving average of a module's parameters and buffers over its training steps, which often classifies
/// better than the last weights.
///
/// Update n, from 0, keeps the share min(decay, (1 + n) / (10 + n)) of the average, so that the initial weights do not
/// dominate the first 1 / (1 - decay) steps. Integer buffers are copied.
public final class ExponentialMovingAverage {
  /// The decay, in 0..<1.
  public let decay: Double
  private let tensors: [(name: String, own: Tensor, average: Tensor)]
  /// int64 [].
  private let updates = Tensor(scalar: 0)
  private var isSwapped = false

  /// Starts with the current tensors. Call this after moving the module to its device.
  public init(of module: Module, decay: Double) {
    precondition((0..<1).contains(decay), "the decay is in 0..<1, not \(decay)")
    self.decay = decay
    tensors = module.state.map { ($0.name, $0.tensor, $0.tensor.detached().clone()) }
  }

  /// The averages by the module's names, as `Module.load` expects them.
  public var averages: StateDictionary {
    precondition(!isSwapped, "the module holds the averages")
    return StateDictionary(tensors.map { ($0.name, $0.average) })
  }

  /// Adds the module's tensors to the average; call it after each optimizer step.
  public func update() {
    precondition(!isSwapped, "the module holds the averages")
    let n = updates.item
    let kept = min(decay, (1 + n) / (10 + n))
    let floating = tensors.filter(\.own.dtype.isFloatingPoint)
    let integers = tensors.filter { !$0.own.dtype.isFloatingPoint }
    withoutGradients {
      Operators.lerpEachInPlace.tensors([
        .tensors(floating.map(\.average)), .tensors(floating.map(\.own)), .double(1 - kept),
      ])
      if !integers.isEmpty {
        Operators.copyEachInPlace.tensors([
          .tensors(integers.map(\.average)), .tensors(integers.map(\.own)),
        ])
      }
      updates.increment()
    }
  }

  /// Runs `body` with the averages in the module, and restores the module's own tensors even if `body` throws. Nothing is
  /// copied. `body` may only evaluate: it must neither train nor use this average.
  public func withAverages<Result>(_ body: () throws -> Result) rethrows -> Result {
    precondition(!isSwapped, "the module holds the averages")
    swap()
    defer { swap() }
    return try body()
  }

  /// The tensor objects keep their identity and exchange their contents.
  private func swap() {
    for (_, own, average) in tensors {
      let held = own.detached()
      own.setData(average)
      average.setData(held)
    }
    isSwapped.toggle()
  }

  /// The state for checkpoints.
  public var state: StateDictionary {
    StateDictionary(
      [("updates", updates)] + averages.map { (Self.prefix + $0.name, $0.tensor) })
  }

  /// The module's name of the tensor that is called `name` in ``state``; nil for tensors that are not averages.
  public static func averagedName(_ name: String) -> String? {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }

  private static let prefix = "average."

  /// Copies the tensors of a saved ``state``, each in its shape.
  ///
  /// - Throws: ``StateMismatch`` if names or shapes differ; nothing is changed then.
  public func load(_ source: [String: Tensor]) throws(StateMismatch) { try state.load(source) }
}
