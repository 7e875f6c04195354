/// The exponential moving average of a module's parameters and buffers over the steps of its training, which
/// often classifies better than the last weights.
///
/// Update n, 0 being the first, keeps the share min(decay, (1 + n) / (10 + n)) of the average: so the initial
/// weights do not weigh on it for the first 1 / (1 - decay) steps. Buffers of integers are copied.
public final class ExponentialMovingAverage {
  public let decay: Double
  private let tensors: [(name: String, own: Tensor, average: Tensor)]
  /// int64 [].
  private let updates = Tensor(scalar: 0)
  private var isSwapped = false

  /// An average that begins with the tensors as they are. Make it after the module has moved to its device.
  public init(of module: Module, decay: Double) {
    precondition((0..<1).contains(decay), "the decay is in 0..<1, not \(decay)")
    self.decay = decay
    tensors = module.state.map { ($0.name, $0.tensor, $0.tensor.detached().clone()) }
  }

  /// The averages, by the module's names: what `Module.load` takes.
  public var averages: StateDictionary {
    precondition(!isSwapped, "the module holds the averages")
    return StateDictionary(tensors.map { ($0.name, $0.average) })
  }

  /// Takes in the module's tensors; called after each step of the optimizer.
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

  /// Runs `body` with the averages in the module and puts the module's own tensors back, also where `body`
  /// throws. Nothing is copied. `body` evaluates: it neither trains, nor uses this average otherwise.
  public func withAverages<Result>(_ body: () throws -> Result) rethrows -> Result {
    precondition(!isSwapped, "the module holds the averages")
    swap()
    defer { swap() }
    return try body()
  }

  /// The tensors keep their identity and exchange what they hold.
  private func swap() {
    for (_, own, average) in tensors {
      let held = own.detached()
      own.setData(average)
      average.setData(held)
    }
    isSwapped.toggle()
  }

  /// What a checkpoint must hold to resume.
  public var state: StateDictionary {
    StateDictionary(
      [("updates", updates)] + averages.map { (Self.prefix + $0.name, $0.tensor) })
  }

  /// The module's name of the tensor that ``state`` calls `name`; nil for what is no average.
  public static func averagedName(_ name: String) -> String? {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }

  private static let prefix = "average."

  /// Takes over the tensors of ``state``.
  ///
  /// - Throws: ``StateMismatch`` if names or shapes differ; nothing is then changed.
  public func load(_ source: [String: Tensor]) throws(StateMismatch) { try state.load(source) }
}
