import KeyedRandom
import TestSupport
import Testing
import Torch

@Suite struct OptimizerTests {
  /// Least squares with a scale after the linear layer, as in make_goldens.py.
  private final class Problem: Module {
    let inputs = Tensor.keyed(30, shape: [16, 6])
    let target = Tensor.keyed(31, shape: [16, 3])
    let weight = Tensor.keyed(32, shape: [3, 6])
    let bias = Tensor.keyed(33, shape: [3])
    let scale = Tensor.keyed(34, shape: [3], in: 0.5...1.5)

    override init() {
      for tensor in [weight, bias, scale] { tensor.requiresGradient = true }
    }

    override var ownParameters: [Parameter] {
      [
        Parameter(name: "weight", tensor: weight, role: .weight),
        Parameter(name: "scale", tensor: scale, role: .normalization),
        Parameter(name: "bias", tensor: bias, role: .bias),
      ]
    }

    func run(_ optimizer: any Optimizer, steps: Range<Int>, skip: Tensor? = nil) {
      for step in steps {
        optimizer.clearGradients()
        let difference = (inputs.matmul(weight.permuted([1, 0])) + bias) * scale - target
        (difference * difference).mean().backward()
        optimizer.step(learningRate: 0.02 * (1 - Double(step) / 100), unless: skip)
      }
    }
  }

  enum Kind: String, CaseIterable, Sendable {
    case adam, adamw, sgd, momentum, nesterov

    func make(_ groups: [ParameterGroup]) -> any Optimizer {
      switch self {
      case .adam: Adam(groups)
      case .adamw: Adam(groups, betas: (0.9, 0.95), isDecayDecoupled: true)
      case .sgd: SGD(groups, momentum: 0)
      case .momentum: SGD(groups)
      case .nesterov: SGD(groups, nesterov: true)
      }
    }
  }

  @Test(arguments: Kind.allCases)
  func fiftyStepsEndWherePyTorchEnds(kind: Kind) throws {
    let goldens: [String: [String: GoldenTensor]] = try golden("optimizers")
    let problem = Problem()
    let groups = ParameterGroup.sparingNormalization(problem.parameters, weightDecay: 0.05)
    problem.run(kind.make(groups), steps: 0..<50)
    for parameter in problem.parameters {
      let expected = goldens[kind.rawValue]![parameter.name]!
      #expect(parameter.tensor.relativeDifference(to: expected) < 1e-5, "\(parameter.name)")
    }
  }

  @Test(arguments: Kind.allCases)
  func resumedRunsAreBitEqual(kind: Kind) throws {
    func optimizer(_ problem: Problem) -> any Optimizer {
      kind.make(ParameterGroup.sparingNormalization(problem.parameters, weightDecay: 0.05))
    }
    let straight = Problem()
    straight.run(optimizer(straight), steps: 0..<20)

    let first = Problem()
    let before = optimizer(first)
    first.run(before, steps: 0..<9)
    func copies(_ state: StateDictionary) -> [String: Tensor] {
      state.byName.mapValues { $0.detached().clone() }
    }
    let second = Problem()
    try second.load(copies(first.state))
    let after = optimizer(second)
    try after.load(copies(before.state))
    second.run(after, steps: 9..<20)
    for (a, b) in zip(straight.parameters, second.parameters) {
      #expect(a.tensor.isEqual(to: b.tensor), "\(a.name)")
    }
  }

  /// The device decides whether an update happens: a skipped one must leave no trace, neither in the moments nor in
  /// Adam's count of steps.
  @Test(arguments: Kind.allCases)
  func skippedUpdatesLeaveNoTraceAndOthersNoDifference(kind: Kind) {
    func optimizer(_ problem: Problem) -> any Optimizer {
      kind.make(ParameterGroup.sparingNormalization(problem.parameters, weightDecay: 0.05))
    }
    let (plain, flagged) = (Problem(), Problem())
    let (first, second) = (optimizer(plain), optimizer(flagged))
    func expectEqual() {
      for (a, b) in zip(Array(plain.state) + first.state, Array(flagged.state) + second.state) {
        #expect(a.tensor.isEqual(to: b.tensor), "\(a.name)")
      }
    }
    plain.run(first, steps: 0..<5)
    flagged.run(second, steps: 0..<5, skip: .zeros([]))
    expectEqual()
    for skip in [Tensor.ones([]), .full([1], -3), Tensor(scalar: true)] {
      flagged.run(second, steps: 5..<7, skip: skip)
      expectEqual()
    }
    // Also with gradients that are NaN, which is the purpose of skipping.
    for parameter in flagged.parameters { parameter.tensor.gradient!.fill(.nan) }
    second.step(learningRate: 0.1, unless: .ones([]))
    expectEqual()
    plain.run(first, steps: 5..<9)
    flagged.run(second, steps: 5..<9, skip: Tensor(scalar: false))
    expectEqual()
  }

  /// A group with ten times the rate moves like all parameters at ten times the rate; the others are unaffected.
  @Test(arguments: Kind.allCases)
  func aGroupsRateIsItsShareOfTheRate(kind: Kind) {
    func trained(_ scale: Double, rate: Double) -> [Tensor] {
      let problem = Problem()
      let parameters = problem.parameters
      let optimizer = kind.make([
        ParameterGroup([parameters[0]], weightDecay: 0.1, learningRateScale: scale),
        ParameterGroup(Array(parameters.dropFirst()), weightDecay: 0),
      ])
      for (place, parameter) in parameters.enumerated() {
        parameter.tensor.gradient = .keyed(35, UInt64(place), shape: parameter.tensor.shape)
      }
      optimizer.step(learningRate: rate)
      return parameters.map(\.tensor)
    }
    let (scaled, faster, usual) = (
      trained(8, rate: 0.01), trained(1, rate: 0.08), trained(1, rate: 0.01)
    )
    #expect(scaled[0].isEqual(to: faster[0]) && !scaled[0].isEqual(to: usual[0]))
    #expect(scaled[1].isEqual(to: usual[1]) && scaled[2].isEqual(to: usual[2]))
    let groups = ParameterGroup.sparingNormalization(
      Problem().parameters, weightDecay: 0.1, learningRateScale: 10)
    #expect(groups.map(\.learningRateScale) == [10, 10])
  }

  @Test func onlyNormalizationsHaveNoWeightDecay() {
    let problem = Problem()
    let groups = ParameterGroup.sparingNormalization(problem.parameters, weightDecay: 0.1)
    #expect(groups.map(\.weightDecay) == [0.1, 0])
    #expect(groups.map { $0.parameters.map(\.name) } == [["weight", "bias"], ["scale"]])
    let plain = ParameterGroup.sparingNormalization(
      Linear(2, 2, using: Generator(seed: 1)).parameters, weightDecay: 0.1)
    #expect(plain.count == 1)
  }

  @Test func parametersWithoutGradientStay() {
    let problem = Problem()
    for kind in Kind.allCases {
      let optimizer = kind.make([ParameterGroup(problem.parameters, weightDecay: 0.1)])
      optimizer.clearGradients()
      let before = problem.parameters.map { $0.tensor.detached().clone() }
      optimizer.step(learningRate: 1)
      problem.bias.gradient = .ones([3])
      optimizer.step(learningRate: 1)
      #expect(before[0].isEqual(to: problem.weight) && before[1].isEqual(to: problem.scale))
      #expect(!before[2].isEqual(to: problem.bias))
    }
  }

  @Test func aForeignStateIsRefused() {
    let problem = Problem()
    let adam = Adam([ParameterGroup(problem.parameters, weightDecay: 0)])
    let sgd = SGD([ParameterGroup(problem.parameters, weightDecay: 0)])
    let error = #expect(throws: StateMismatch.self) { try adam.load(sgd.state.byName) }
    #expect(
      error?.description
        == "the tensors do not fit the model: missing steps, first_moment.weight, "
        + "second_moment.weight and 4 more; left over velocity.bias, velocity.scale, "
        + "velocity.weight")
  }
}

@Suite struct ExponentialMovingAverageTests {
  /// The tensors that make_goldens.py averages.
  private final class Network: Module {
    let first = BatchNorm3d(6, epsilon: 1e-5)
    let second = Linear(6, 3, using: Generator(seed: 1))

    override init() {
      super.init()
      withoutGradients {
        second.weight.copy(from: .keyed(42, shape: [3, 6]))
        second.bias!.copy(from: .keyed(43, shape: [3]))
      }
    }

    override var children: [(name: String, module: Module)] {
      [("first", first), ("second", second)]
    }

    func run(_ average: ExponentialMovingAverage, steps: Int) {
      let inputs = Tensor.keyed(40, shape: [16, 6, 1, 1, 1], in: -1...3)
      let optimizer = SGD([ParameterGroup(parameters, weightDecay: 0)], momentum: 0)
      for _ in 0..<steps {
        optimizer.clearGradients()
        let difference = second(first(inputs).flattened(from: 1)) - .keyed(41, shape: [16, 3])
        (difference * difference).mean().backward()
        optimizer.step(learningRate: 0.1)
        average.update()
      }
    }
  }

  private func copies(_ state: StateDictionary) -> [String: Tensor] {
    state.byName.mapValues { $0.detached().clone() }
  }

  @Test func fiftyStepsAverageAsInPyTorch() throws {
    let expected: [String: GoldenTensor] = try golden("averages")
    let network = Network()
    let average = ExponentialMovingAverage(of: network, decay: 0.6)
    network.run(average, steps: 50)
    #expect(Set(average.averages.map(\.name)) == Set(expected.keys))
    for (name, tensor) in average.averages {
      #expect(tensor.difference(to: expected[name]!) < 1e-6, "\(name)")
    }
    #expect(average.averages.first { $0.name.hasSuffix("tracked") }!.tensor.dtype == .int64)
    #expect(network.second.weight.difference(to: expected["second.weight"]!) > 1e-3)
  }

  @Test func resumedAveragesAreBitEqual() throws {
    let straight = Network()
    let whole = ExponentialMovingAverage(of: straight, decay: 0.999)
    straight.run(whole, steps: 9)

    let first = Network()
    let before = ExponentialMovingAverage(of: first, decay: 0.999)
    first.run(before, steps: 4)
    let second = Network()
    try second.load(copies(first.state))
    let after = ExponentialMovingAverage(of: second, decay: 0.999)
    try after.load(copies(before.state))
    second.run(after, steps: 5)
    for (a, b) in zip(whole.state, after.state) {
      #expect(a.name == b.name && a.tensor.isEqual(to: b.tensor), "\(a.name)")
    }
  }

  @Test func weightsAreRestoredAfterUsingAveragesAlsoAfterAnError() throws {
    struct Stop: Error {}
    let network = Network()
    let average = ExponentialMovingAverage(of: network, decay: 0.9)
    network.run(average, steps: 3)
    let (own, averages) = (copies(network.state), copies(average.averages))
    #expect(!own["second.weight"]!.isEqual(to: averages["second.weight"]!))
    #expect(throws: Stop.self) {
      try average.withAverages {
        for (name, tensor) in network.state {
          #expect(tensor.isEqual(to: averages[name]!), "\(name)")
        }
        throw Stop()
      }
    }
    for (name, tensor) in network.state { #expect(tensor.isEqual(to: own[name]!), "\(name)") }
    for (name, tensor) in average.averages {
      #expect(tensor.isEqual(to: averages[name]!), "\(name)")
      #expect(!tensor.requiresGradient)
    }
    // Training continues with the weights, not with the averages.
    let straight = Network()
    let undisturbed = ExponentialMovingAverage(of: straight, decay: 0.9)
    straight.run(undisturbed, steps: 5)
    network.run(average, steps: 2)
    for (a, b) in zip(
      Array(straight.state) + undisturbed.state, Array(network.state) + average.state)
    {
      #expect(a.tensor.isEqual(to: b.tensor), "\(a.name)")
    }
  }
}

@Suite struct GradientClippingTests {
  @Test(arguments: [("above", 100.0), ("below", 0.5), ("zero", 0)])
  func gradientsAndNormAreThoseOfPyTorch(name: String, limit: Double) throws {
    let goldens: [String: [String: GoldenTensor]] = try golden("clipping")
    let expected = goldens[name]!
    let parameters = [("matrix", [3, 4]), ("vector", [5]), ("unused", [2])].map {
      Module.Parameter(name: $0, tensor: .zeros($1), role: .weight)
    }
    for (place, parameter) in parameters.prefix(2).enumerated() {
      parameter.tensor.requiresGradient = true
      parameter.tensor.gradient = .keyed(
        44, UInt64(place), shape: parameter.tensor.shape, in: -2...2)
    }
    let norm = clipGradients(of: parameters, toNorm: limit)
    #expect(norm.difference(to: expected["norm"]!) < 1e-6)
    for parameter in parameters.prefix(2) {
      let gradient = try #require(parameter.tensor.gradient)
      #expect(gradient.difference(to: expected[parameter.name]!) < 1e-6, "\(parameter.name)")
    }
    #expect(parameters[2].tensor.gradient == nil)
    #expect(clipGradients(of: Array(parameters.suffix(1)), toNorm: 1).item == 0)
  }
}

@Suite struct LossScaleTests {
  @Test func overflowsHalveItAndSteadyStepsDoubleIt() {
    let scale = LossScale(on: .cpu)
    let (steady, overflow) = (Tensor.zeros([]), Tensor.ones([]))
    #expect(scale.factor.item == 65_536)
    for _ in 0..<2 { scale.update(overflow: overflow) }
    #expect(scale.factor.item == 16_384)
    for _ in 0..<1999 { scale.update(overflow: steady) }
    #expect(scale.factor.item == 16_384)
    scale.update(overflow: steady)
    #expect(scale.factor.item == 32_768)
    for _ in 0..<1999 { scale.update(overflow: steady) }
    // An overflow begins the count again.
    for _ in 0..<2 { scale.update(overflow: overflow) }
    for _ in 0..<1999 { scale.update(overflow: steady) }
    #expect(scale.factor.item == 8192)
  }

  @Test func gradientsAreDividedByIt() throws {
    let layer = Linear(2, 2, using: Generator(seed: 1))
    let scale = LossScale(on: .cpu)
    let clips = Tensor.normal([3, 2], using: Generator(seed: 2))
    layer(clips).sum().backward()
    let plain = layer.trainableParameters.map { $0.tensor.gradient!.array(of: Float.self) }
    for parameter in layer.trainableParameters { parameter.tensor.gradient = nil }
    (layer(clips).sum() * scale.factor).backward()
    let found = nonFiniteGradients(of: layer.trainableParameters, dividingBy: scale.factor)
    #expect(found?.item == 0)
    // The scale is a power of 2.
    #expect(layer.trainableParameters.map { $0.tensor.gradient!.array(of: Float.self) } == plain)
    layer.trainableParameters[0].tensor.gradient = .full([2, 2], .infinity)
    #expect(nonFiniteGradients(of: layer.trainableParameters, dividingBy: scale.factor)?.item == 1)
  }
}

@Suite struct LearningRateScheduleTests {
  private struct Expected: Decodable {
    let base: Double
    let start: Double
    let warmup: Int
    let total: Int
    let rates: [Double]
  }

  @Test(arguments: ["short", "pre-training", "Kinetics", "fine-tuning"])
  func everyStepIsThatOfPyTorchsSchedulers(name: String) throws {
    let goldens: [String: Expected] = try golden("schedule")
    let expected = goldens[name]!
    #expect(expected.rates.count == expected.total + 1)
    let schedule = LearningRateSchedule(
      base: expected.base, warmupStart: expected.start, warmupSteps: expected.warmup,
      totalSteps: expected.total)
    // PyTorch's schedulers multiply from step to step.
    for (step, rate) in expected.rates.enumerated() {
      #expect(abs(schedule.rate(at: step) - rate) < 1e-15, "step \(step)")
    }
    #expect(schedule.rate(at: 0) == expected.start)
    #expect(schedule.rate(at: expected.total) == 0 && schedule.rate(at: 10_000) == 0)
  }

  /// As the code of VideoMAE computes it for 5 epochs of 4 steps, 2 of them warming up.
  @Test func theCosineCanFollowTheWarmup() {
    let schedule = LearningRateSchedule(
      base: 1, minimum: 0.1, decay: .cosineAfterWarmup, warmupStart: 0, warmupSteps: 8,
      totalSteps: 20)
    let expected = [
      0, 1.0 / 7, 2.0 / 7, 3.0 / 7, 4.0 / 7, 5.0 / 7, 6.0 / 7, 1, 1, 0.9846666218300807,
      0.9397114317029974, 0.8681980515339464, 0.775, 0.6664685702961344, 0.55, 0.4335314297038657,
      0.325, 0.23180194846605365, 0.16028856829700258, 0.11533337816991932,
    ]
    for (step, rate) in expected.enumerated() {
      #expect(abs(schedule.rate(at: step) - rate) < 1e-15, "step \(step)")
    }
    let whole = LearningRateSchedule(
      base: 1, minimum: 0.1, warmupStart: 0, warmupSteps: 0, totalSteps: 20)
    #expect(whole.rate(at: 0) == 1 && abs(whole.rate(at: 10) - 0.55) < 1e-15)
    #expect(abs(whole.rate(at: 20) - 0.1) < 1e-15)
  }

  @Test func noWarmupStartsAtTheBase() {
    let schedule = LearningRateSchedule(base: 0.1, warmupStart: 0.5, warmupSteps: 0, totalSteps: 10)
    #expect(schedule.rate(at: 0) == 0.1)
    #expect(abs(schedule.rate(at: 5) - 0.05) < 1e-15)
    #expect((0..<10).allSatisfy { schedule.rate(at: $0) > schedule.rate(at: $0 + 1) })
    #expect(
      LearningRateSchedule(base: 1, warmupStart: 0, warmupSteps: 0, totalSteps: 0)
        .rate(at: 0).isFinite)
  }

  @Test func aConstantRateIsReachedByTheWarmup() {
    let schedule = LearningRateSchedule(
      base: 0.1, decay: .constant, warmupStart: 0.02, warmupSteps: 4, totalSteps: 10)
    let rates = (0..<12).map { schedule.rate(at: $0) }
    #expect(zip(rates, [0.02, 0.04, 0.06, 0.08]).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(rates[4...].allSatisfy { $0 == 0.1 })
  }

  /// Every milestone takes effect, the last one too, whatever their order.
  @Test func stepsFallAtEachMilestone() {
    let schedule = LearningRateSchedule(
      base: 1, decay: .steps(at: [0.9, 0.6], factor: 0.25), warmupStart: 0, warmupSteps: 0,
      totalSteps: 10)
    let rates = (0..<10).map { schedule.rate(at: $0) }
    #expect(rates == [1, 1, 1, 1, 1, 1, 0.25, 0.25, 0.25, 0.0625])
  }
}

@Suite struct ModuleTests {
  private final class Pair: Module {
    let first = Linear(2, 3, using: Generator(seed: 1))
    let second = BatchNorm3d(3, epsilon: 1e-3)
    override var children: [(name: String, module: Module)] {
      [("first", first), ("second", second)]
    }
  }

  private func state(of module: Module) -> [String: Tensor] {
    module.state.byName.mapValues { $0.detached().clone() }
  }

  @Test func namesComeFromTheRoot() {
    let pair = Pair()
    #expect(
      pair.state.map(\.name) == [
        "first.weight", "first.bias", "second.weight", "second.bias", "second.running_mean",
        "second.running_var", "second.num_batches_tracked",
      ])
    #expect(pair.parameters.map(\.role) == [.weight, .bias, .normalization, .normalization])
    #expect(pair.parameterCount == 6 + 3 + 3 + 3)
    #expect(pair.parameters.allSatisfy { $0.tensor.requiresGradient })
    #expect(pair.buffers.allSatisfy { !$0.tensor.requiresGradient })
  }

  @Test func statesLoad() throws {
    let (source, target) = (Pair(), Pair())
    withoutGradients {
      _ = source.second.runningMean.fill(3)
      _ = source.second.batchesTracked.fill(9)
    }
    let identity = ObjectIdentifier(target.first.weight)
    try target.load(state(of: source))
    for (a, b) in zip(source.state, target.state) { #expect(a.tensor.isEqual(to: b.tensor)) }
    #expect(ObjectIdentifier(target.first.weight) == identity)
    #expect(target.first.weight.requiresGradient)
    // Other types are converted: checkpoints may contain bfloat16.
    try target.load(state(of: source).mapValues { $0.to(.float64) })
    #expect(target.first.weight.dtype == .float32)
  }

  @Test func mismatchesAreNamedAndNothingChanges() {
    let pair = Pair()
    let before = state(of: pair)
    var other = before.mapValues { $0.to(.float32) + 1 }
    other["first.weight"] = .zeros([3, 5])
    other["second.running_mean"] = nil
    other["head.weight"] = .zeros([1])
    let error = #expect(throws: StateMismatch.self) { try pair.load(other) }
    #expect(
      error?.description
        == "the tensors do not fit the model: missing second.running_mean; left over head.weight; "
        + "with another shape first.weight ([3, 5], but [3, 2] in the model)")
    for (name, tensor) in pair.state { #expect(tensor.isEqual(to: before[name]!), "\(name)") }
  }

  @Test func layersLearnFromTheStartAndFrozenOnesStayFrozen() {
    let layer = Linear(2, 2, using: Generator(seed: 1))
    #expect(layer(.ones([1, 2])).requiresGradient)
    layer.weight.requiresGradient = false
    _ = layer.state
    #expect(!layer.weight.requiresGradient && layer.bias!.requiresGradient)
  }

  @Test func trainReachesEveryPart() {
    let pair = Pair()
    pair.train(false)
    #expect(!pair.isTraining && !pair.first.isTraining && !pair.second.isTraining)
    pair.train()
    #expect(pair.isTraining && pair.second.isTraining)
  }

  @Test func frozenModulesStayFrozenInTrainingMode() {
    let pair = Pair()
    let input = Tensor.keyed(1, shape: [4, 3, 1, 1, 1]) + 5
    pair.second(input).mean().backward()
    pair.second.freeze()
    #expect(pair.second.scale.gradient == nil)
    let before = state(of: pair)
    for isTraining in [true, false, true] {
      pair.train(isTraining)
      #expect(pair.isTraining == isTraining && pair.first.isTraining == isTraining)
      #expect(!pair.second.isTraining && pair.second.isFrozen && !pair.first.isFrozen)
      #expect(!pair.second(input).requiresGradient)
    }
    for (name, tensor) in pair.state { #expect(tensor.isEqual(to: before[name]!), "\(name)") }
    #expect(pair.trainableParameters.map(\.name) == ["first.weight", "first.bias"])
    pair.move(to: .best)
    #expect(pair.trainableParameters.count == 2)
  }

  @Test func movingKeepsIdentityAndTraining() {
    let pair = Pair()
    let weight = pair.first.weight
    let before = state(of: pair).mapValues { $0.to(.cpu) }
    pair.move(to: .best)
    #expect(pair.first.weight === weight && weight.device == .best && weight.requiresGradient)
    for (name, tensor) in pair.state {
      #expect(tensor.device == .best && tensor.to(.cpu).isEqual(to: before[name]!), "\(name)")
    }
  }

  @Test func evaluationUsesAndKeepsTheRunningStatistics() {
    let layer = BatchNorm3d(2, epsilon: 1e-5)
    let clip = Tensor.keyed(1, shape: [2, 2, 2, 3, 3]) + 5
    layer.train(false)
    let first = layer(clip)
    #expect(layer.runningMean.isEqual(to: .zeros([2])) && layer.batchesTracked.item == 0)
    #expect((first - clip).norm < 1e-3 * clip.norm)
    layer.train()
    #expect(abs(layer(clip).mean().item) < 1e-5)
    #expect(layer.runningMean.mean().item > 0.4)
  }

  @Test func initialWeightsHaveTheDocumentedDeviation() {
    let generator = Generator(seed: 1)
    let layer = Conv3d(32, 64, kernel: Extent3(3, 3, 3), using: generator)
    let deviation = (2.0 / (64 * 27)).squareRoot()
    let count = Double(layer.weight.count)
    #expect(abs(layer.weight.norm / count.squareRoot() / deviation - 1) < 0.02)
    #expect(abs(layer.weight.mean().item) < 5 * deviation / count.squareRoot())
    let linear = Linear(300, 200, using: generator)
    #expect(abs(linear.weight.norm / 60_000.0.squareRoot() / 0.01 - 1) < 0.02)
    #expect(linear.bias!.norm == 0)
  }

  /// Fan-in initialization preserves the mean square after a ReLU, here for a layer that enlarges.
  @Test func transposedConvolutionsKeepTheScale() {
    let generator = Generator(seed: 1)
    let layer = ConvTranspose3d(
      64, 64, kernel: Extent3(2, 4, 4), stride: Extent3(2, 2, 2), padding: Extent3(0, 1, 1),
      using: generator)
    let input = Tensor.normal([2, 64, 3, 8, 8], using: generator)
    let output = layer(input.relu())
    func meanSquare(_ tensor: Tensor) -> Double { (tensor * tensor).mean().item }
    #expect(abs(meanSquare(output.sliced(3, 1..<15).sliced(4, 1..<15)) - 1) < 0.15)
  }
}
