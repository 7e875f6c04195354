import Configuration
import Training

/// The cost of a plan: its runs, and their time on this machine and on a large GPU.
public struct PlanOverview: Encodable, Sendable {
  /// The cost of an experiment, including runs that it shares with others.
  public struct Cost: Encodable, Sendable {
    /// The name of the experiment.
    public let name: String
    /// The title of the experiment.
    public let title: String
    /// The number of pre-trainings.
    public let pretrainings: Int
    /// The number of fine-tunings.
    public let finetunings: Int
    /// The number of analyses.
    public let analyses: Int
    /// The number of finished runs.
    public let done: Int
    /// The number of floating-point operations in units of 10¹².
    public let teraOperations: Double
    /// The estimated hours on this machine.
    public let hoursHere: Double
    /// The estimated hours on an H100.
    public let hoursOnH100: Double
  }

  /// A run of the plan.
  public struct Row: Encodable, Sendable {
    /// The name of its folder.
    public let name: String
    /// A description.
    public let title: String
    /// True if it is finished.
    public let isDone: Bool
    /// The estimated hours on this machine.
    public let hoursHere: Double
    /// The estimated hours on an H100.
    public let hoursOnH100: Double
  }

  /// The name of the dataset.
  public let dataset: String
  /// The size of networks and trainings.
  public let scale: Scale
  /// The number of seeds.
  public let seeds: Int
  /// The throughput of this machine over all runs; that of a single run differs.
  public let here: Throughput
  /// The assumed throughput of an H100.
  public let h100 = Throughput.h100
  /// The costs of the experiments.
  public let experiments: [Cost]
  /// The cost of all experiments, with each shared run counted once.
  public let total: Cost
  /// The estimated hours of unfinished runs on this machine.
  public let hoursLeft: Double
  /// The rows that cannot be trained, in sentences.
  public let omissions: [String]
  /// The deviations from the recipes, in sentences.
  public let remarks: [String]
  /// The runs, in order.
  public let runs: [Row]

  /// The cost of a plan.
  ///
  /// - Parameters:
  ///   - plan: the plan.
  ///   - speed: the speed of this machine.
  public init(_ plan: Plan, here speed: MachineSpeed) {
    here = speed.overall
    dataset = plan.data.title
    scale = plan.scale
    seeds = plan.seeds
    func hoursHere(_ runs: [PlannedRun]) -> Double {
      runs.reduce(0) { $0 + speed.seconds($1) } / 3600
    }
    func hoursOnH100(_ operations: Double) -> Double {
      Throughput.h100.seconds(operations) / 3600
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
        hoursHere: hoursHere(runs), hoursOnH100: hoursOnH100(operations))
    }
    experiments = plan.experiments.map { cost($0.name, $0.title, plan.runs(of: $0)) }
    total = cost("all", "shared runs counted once", plan.runs)
    hoursLeft = hoursHere(plan.missingRuns)
    remarks = plan.remarks
    omissions = plan.omissions.map { "\($0.experiment), \($0.row): \($0.reason)" }
    runs = plan.runs.map {
      Row(
        name: $0.name, title: $0.title, isDone: done.contains($0.name),
        hoursHere: hoursHere([$0]), hoursOnH100: hoursOnH100($0.operations))
    }
  }
}
