import Configuration
import Foundation
import Reproduction
import Torch
import Training

/// What a plan takes: how many runs, how long here, and how long on a large GPU.
struct PlanOverview: Encodable {
  struct ExperimentCost: Encodable {
    let name: String
    let title: String
    let pretrainings: Int
    let finetunings: Int
    let analyses: Int
    let done: Int
    /// Of all its runs, those that it shares with others too.
    let teraOperations: Double
    let hoursHere: Double
    let hoursOnH100: Double
  }

  struct Run: Encodable {
    let name: String
    let title: String
    let isDone: Bool
    let hoursHere: Double
    let hoursOnH100: Double
  }

  let dataset: String
  let scale: Scale
  let seeds: Int
  let here: Throughput
  let h100 = Throughput.h100
  let experiments: [ExperimentCost]
  /// Of all, what is shared once.
  let total: ExperimentCost
  /// What is not done yet.
  let hoursLeft: Double
  let omissions: [String]
  let remarks: [String]
  let runs: [Run]

  init(_ plan: Plan, here: Throughput) {
    self.here = here
    dataset = plan.data.title
    scale = plan.scale
    seeds = plan.seeds
    func hours(_ operations: Double, _ throughput: Throughput) -> Double {
      throughput.seconds(operations) / 3600
    }
    let done = Set(plan.runs.filter(plan.isFinished).map(\.name))
    func cost(_ name: String, _ title: String, _ runs: [PlannedRun]) -> ExperimentCost {
      let operations = runs.reduce(0) { $0 + $1.operations }
      var counts = (pretrainings: 0, finetunings: 0, analyses: 0)
      for run in runs {
        switch run.work {
        case .pretraining: counts.pretrainings += 1
        case .finetuning: counts.finetunings += 1
        case .analysis: counts.analyses += 1
        }
      }
      return ExperimentCost(
        name: name, title: title, pretrainings: counts.pretrainings,
        finetunings: counts.finetunings, analyses: counts.analyses,
        done: runs.count { done.contains($0.name) }, teraOperations: operations / 1e12,
        hoursHere: hours(operations, here), hoursOnH100: hours(operations, .h100))
    }
    experiments = plan.experiments.map {
      cost($0.name, $0.title, plan.runs(of: $0))
    }
    total = cost("all", "what is shared counted once", plan.runs)
    hoursLeft = hours(
      plan.runs.reduce(0) { $0 + (done.contains($1.name) ? 0 : $1.operations) }, here)
    remarks = plan.remarks
    omissions = plan.omissions.map { "\($0.experiment), \($0.row): \($0.reason)" }
    runs = plan.runs.map {
      Run(
        name: $0.name, title: $0.title, isDone: done.contains($0.name),
        hoursHere: hours($0.operations, here), hoursOnH100: hours($0.operations, .h100))
    }
  }

  func text(withRuns: Bool) -> String {
    var table = TextTable(
      "", "pre-trainings", "fine-tunings", "looks", "done", "TFLOP", "here", "one H100")
    for cost in experiments + (experiments.count > 1 ? [total] : []) {
      let count = cost.pretrainings + cost.finetunings + cost.analyses
      table.add(
        cost.name, "\(cost.pretrainings)", "\(cost.finetunings)", "\(cost.analyses)",
        "\(cost.done) of \(count)", grouped(Int(cost.teraOperations.rounded())),
        Self.text(cost.hoursHere), Self.text(cost.hoursOnH100))
    }
    var text =
      "\(dataset), scale \(scale.rawValue), \(seeds) \(seeds == 1 ? "seed" : "seeds")\n\n"
      + table.text() + "\n\nhere: \(here.origin)\none H100: \(h100.origin)"
    for omission in omissions { text += "\nnot planned: \(omission)" }
    for remark in remarks { text += "\nnote: \(remark)" }
    if withRuns {
      var table = TextTable("run", "", "here", "one H100", "folder")
      for run in runs {
        table.add(
          run.title, run.isDone ? "done" : "", Self.text(run.hoursHere),
          Self.text(run.hoursOnH100), run.name)
      }
      text += "\n\n" + table.text(leftAligned: true)
    }
    return text + "\n\nleft: about \(Self.text(hoursLeft))"
  }

  private static func text(_ hours: Double) -> String { spoken(seconds: hours * 3600) }
}

extension Throughput {
  /// That of the first network of a plan.
  static func measured(for plan: Plan, on device: Device) -> Throughput {
    for run in plan.runs {
      if case .pretraining(let configuration) = run.work {
        return measured(configuration, on: device)
      }
    }
    var configuration = PretrainingConfiguration()
    for run in plan.runs {
      if case .finetuning(let finetuning) = run.work {
        configuration.model = finetuning.model
        configuration.clip.frames = finetuning.clip.frames
        configuration.clip.size = finetuning.clip.size
        break
      }
    }
    return measured(configuration, on: device)
  }
}
