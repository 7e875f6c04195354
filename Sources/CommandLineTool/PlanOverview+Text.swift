import Reproduction
import SafeFiles

extension PlanOverview {
  func text(withRuns: Bool) -> String {
    var table = TextTable(
      "", "pre-trainings", "fine-tunings", "analyses", "done", "TFLOP", "here", "one H100")
    for cost in experiments + (experiments.count > 1 ? [total] : []) {
      let count = cost.pretrainings + cost.finetunings + cost.analyses
      table.add(
        cost.name, "\(cost.pretrainings)", "\(cost.finetunings)", "\(cost.analyses)",
        "\(cost.done) of \(count)", Format.grouped(Int(cost.teraOperations.rounded())),
        Self.text(cost.hoursHere), Self.text(cost.hoursOnH100))
    }
    var text =
      "\(dataset), scale \(scale.rawValue), \(Format.count(seeds, "seed"))\n\n"
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

  private static func text(_ hours: Double) -> String { Format.duration(hours * 3600) }
}
