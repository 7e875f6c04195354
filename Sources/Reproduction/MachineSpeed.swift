import Configuration
import Pretext
import Torch
import Training
import VideoModels

/// The speed of a machine in the runs of a plan.
///
/// Runs count operations of the backbone only, so that tasks can be compared. What these take differs: a task may have a large
/// decoder, and small clips are slower. Therefore a step of each kind of run is timed if that is quick.
public struct MachineSpeed {
  private let speeds: [StepKind: Throughput]
  private let kinds: [String: StepKind]
  /// The throughput over the timed runs.
  public let overall: Throughput

  /// Times a step of each kind of run, a second or two each.
  ///
  /// - Parameters:
  ///   - plan: the plan.
  ///   - runs: the runs whose steps are timed. Others of the plan are estimated by the throughput over these.
  ///   - device: the device to measure.
  ///   - progress: called before each measurement with its number from 0 and the number of measurements.
  public init(
    _ plan: Plan, timing runs: [PlannedRun], on device: Device,
    progress: (_ done: Int, _ total: Int) -> Void
  ) {
    let kinds = plan.stepKinds
    var speeds: [StepKind: Throughput] = [:]
    let total = Set(runs.compactMap { kinds[$0.name] }).count
    // In the order of the runs, so that two measurements do the same.
    for run in runs {
      guard let kind = kinds[run.name], speeds[kind] == nil else { continue }
      progress(speeds.count, total)
      speeds[kind] = kind.throughput(on: device)
    }
    (self.kinds, self.speeds) = (kinds, speeds)
    let operations = runs.reduce(0) { $0 + $1.operations }
    let seconds = runs.reduce(0) { seconds, run in
      seconds + (kinds[run.name].flatMap { speeds[$0] }?.seconds(run.operations) ?? 0)
    }
    overall = Throughput(
      operationsPerSecond: seconds > 0 ? operations / seconds : 1,
      origin: "measured on \(device): steps of \(total) kinds, without reading")
  }

  /// The estimated seconds of a run on this machine.
  public func seconds(_ run: PlannedRun) -> Double {
    let speed = kinds[run.name].flatMap { speeds[$0] } ?? overall
    return speed.seconds(run.operations)
  }
}

/// Runs whose steps take the same time.
private enum StepKind: Hashable {
  /// Steps of a pretext task.
  case task(PretrainingConfiguration)
  /// Steps of a network on whole clips.
  case network(TrainingStep)

  /// The kind of a pre-training. A task without layers of its own only adds the making of the clips, which takes little.
  init(_ configuration: PretrainingConfiguration) {
    guard configuration.makeTask().hasOwnLayers else {
      self.init(TrainingStep(configuration))
      return
    }
    // What does not matter for the time of a step is as in a new configuration.
    var plain = PretrainingConfiguration()
    (plain.task, plain.clip, plain.jitter) =
      (configuration.task, configuration.clip, configuration.jitter)
    (plain.model, plain.batch, plain.precision) =
      (configuration.model, configuration.batch, configuration.precision)
    plain.sources.size = configuration.sources.size
    self = .task(plain)
  }

  /// The kind of a training without a pretext task, or of an analysis.
  init(_ step: TrainingStep) {
    var step = step
    // Classes, dropout and the size of a batch hardly matter.
    (step.classes, step.clips, step.model.dropout, step.model.dropPath) = (2, 32, 0, 0)
    self = .network(step)
  }

  func throughput(on device: Device) -> Throughput {
    switch self {
    case .task(let configuration): .measured(configuration, on: device)
    case .network(let step): .measured(step, on: device, effort: .quick)
    }
  }
}

extension PretextTask {
  /// False if the network is a backbone with a linear layer.
  fileprivate var hasOwnLayers: Bool { Network.self != VideoClassifier.self }
}

extension Plan {
  /// The kind of each run, by its name.
  fileprivate var stepKinds: [String: StepKind] {
    var networks: [String: PretrainingConfiguration] = [:]
    var kinds: [String: StepKind] = [:]
    for run in runs {
      switch run.work {
      case .pretraining(let configuration):
        networks[run.name] = configuration
        kinds[run.name] = StepKind(configuration)
      case .finetuning(let configuration):
        kinds[run.name] = StepKind(TrainingStep(configuration, classes: data.classCount))
      case .analysis(let analysis):
        guard let network = networks[analysis.network] else { continue }
        var step = TrainingStep(network)
        (step.frames, step.size) = (analysis.clip.frames, analysis.clip.size)
        kinds[run.name] = StepKind(step)
      }
    }
    return kinds
  }
}
