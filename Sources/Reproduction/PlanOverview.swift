import Configuration
import Training

/// The cost of a plan: its runs, and how long they take here and on a large GPU.
public struct PlanOverview: Encodable, Sendable {
  /// The cost of an experiment, with the runs that it shares with others.
  public struct Cost: Encodable, Sendable {
    public let name: String
    public let title: String
    public let pretrainings: Int
    public let finetunings: Int
    public let analyses: Int
    /// The number of runs that have finished.
    public let done: Int
    public let teraOperations: Double
    public let hoursHere: Double
    public let hoursOnH100: Double
  }

  /// One run of the plan.
  public struct Row: Encodable, Sendable {
    public let name: String
    public let title: String
    public let isDone: Bool
    public let hoursHere: Double
    public let hoursOnH100: Double
  }

  public let dataset: String
  public let scale: Scale
  /// The number of seeds.
  public let seeds: Int
  /// The speed of this machine.
  public let here: Throughput
  public let h100 = Throughput.h100
  public let experiments: [Cost]
  /// The cost of all experiments; shared runs count once.
  public let total: Cost
  /// The time that the unfinished runs take here.
  public let hoursLeft: Double
  public let omissions: [String]
  public let remarks: [String]
  public let runs: [Row]

  /// - Parameters:
  ///   - plan: the plan.
  ///   - here: the speed of this machine.
  public init(_ plan: Plan, here: Throughput) {
    self.here = here
    dataset = plan.data.title
    scale = plan.scale
    seeds = plan.seeds
    func hours(_ operations: Double, _ throughput: Throughput) -> Double {
      throughput.seconds(operations) / 3600
    }
    let done = Set(plan.runs.filter(plan.isFinished).map(\.name))
    func cost(_ name: String, _ title: String, _ runs: [PlannedRun]) -> Cost {
      let operations = runs.reduce(0) { $0 + $1.operations }
      var counts = (pretrainings: 0, finetunings: 0, analyses: 0)
      for run in runs {
        switch run.work {
        case .pretraining: counts.pretrainings += 1
        case .finetuning: counts.finetunings += 1
        case .analysis: counts.analyses += 1
        }
      }
      return Cost(
        name: name, title: title, pretrainings: counts.pretrainings,
        finetunings: counts.finetunings, analyses: counts.analyses,
        done: runs.count { done.contains($0.name) }, teraOperations: operations / 1e12,
        hoursHere: hours(operations, here), hoursOnH100: hours(operations, .h100))
    }
    experiments = plan.experiments.map { cost($0.name, $0.title, plan.runs(of: $0)) }
    total = cost("all", "shared runs counted once", plan.runs)
    hoursLeft = hours(
      plan.runs.reduce(0) { $0 + (done.contains($1.name) ? 0 : $1.operations) }, here)
    remarks = plan.remarks
    omissions = plan.omissions.map { "\($0.experiment), \($0.row): \($0.reason)" }
    runs = plan.runs.map {
      Row(
        name: $0.name, title: $0.title, isDone: done.contains($0.name),
        hoursHere: hours($0.operations, here), hoursOnH100: hours($0.operations, .h100))
    }
  }
}

extension Plan {
  /// A step of its first training, to measure a machine by.
  public var typicalStep: TrainingStep {
    for run in runs {
      if case .pretraining(let configuration) = run.work { return TrainingStep(configuration) }
    }
    for run in runs {
      if case .finetuning(let configuration) = run.work {
        return TrainingStep(configuration, classes: data.classCount)
      }
    }
    return TrainingStep(PretrainingConfiguration())
  }
}
