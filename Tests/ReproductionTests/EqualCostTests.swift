import Configuration
import Foundation
import Reproduction
import SafeFiles
import SyntheticData
import TestSupport
import Testing
import Training
import VideoData
import VideoModels

/// Tables in which all pre-trainings cost the same, and what is kept of their runs.
@Suite struct EqualCostTests {
  private let scratch: ScratchFolder
  private var folder: String { scratch.path }

  init() throws { scratch = try ScratchFolder() }

  /// 40 training videos and one test video of each class of sprites, which do not exist.
  private func data(in output: String = "out") throws -> BenchmarkData {
    var sprites = SpriteDataset()
    sprites.testVideos = 1
    var dataset = FinetuningConfiguration.Dataset()
    dataset.kind = .csv
    dataset.videos = "\(folder)/\(output)/\(BenchmarkData.spritesName(.looks))"
    return try BenchmarkData(
      dataset: dataset, sprites: sprites, pictures: [], kinetics: [], folder: "\(folder)/\(output)")
  }

  private func plan(
    _ experiment: Experiment, seeds: Int = 1, in output: String = "out",
    results: ResultFolder? = nil
  ) throws -> Plan {
    try Plan(
      [experiment], scale: .tiny, seeds: seeds, data: data(in: output),
      folder: "\(folder)/\(output)", results: results)
  }

  private func equal() throws -> Experiment { try Recipe.table5Equal.experiment }

  private func pretrainings(_ plan: Plan) -> [String: (PretrainingConfiguration, Int)] {
    var found: [String: (PretrainingConfiguration, Int)] = [:]
    for run in plan.runs {
      guard case .pretraining(let configuration) = run.work else { continue }
      found[run.name] = (configuration, run.sources!)
    }
    return found
  }

  /// The forward passes of the backbone take as many operations as those of 81,000 clips of 8 x 56 x 56, up to half an epoch.
  /// The operations of a task's clips are counted here from its own settings.
  @Test func allTasksCostTheSame() throws {
    let plan = try plan(equal())
    let single = plan.runs.filter { !$0.title.contains("then") }.map(\.name)
    let trained = pretrainings(plan).filter { single.contains($0.key) }
    #expect(trained.count == 12)
    var cost = TrainingCost()
    var model = ModelSettings()
    model.width = 24
    let budget = 81_000 * cost.forwards(model, frames: 8, size: 56)
    let clipsPerSample: [TaskKind: Double] = [
      .mosi: 9, .rotation: 4, .frameOrder: 4, .clipOrder: 3, .cloze: 3, .cubicPuzzle: 8,
      .densePrediction: 8, .speed: 2, .playbackRate: 1,
    ]
    var kinds: Set<TaskKind> = []
    for (configuration, sources) in trained.values {
      #expect(configuration.model.architecture == .r2d3d18 && configuration.model.width == 24)
      kinds.insert(configuration.task.kind)
      let clips = try #require(clipsPerSample[configuration.task.kind])
      let sizes =
        configuration.task.kind == .speed
        ? Array(48...64) : [configuration.clip.size]
      let forwards =
        sizes.reduce(0) {
          $0 + cost.forwards(configuration.model, frames: configuration.clip.frames, size: $1)
        } / Double(sizes.count)
      let perStep = configuration.batch.sources
      let perEpoch = Double(sources / perStep * perStep) * clips * forwards
      let total = Double(configuration.epochs) * perEpoch
      #expect(abs(total - budget) <= perEpoch / 2, "\(configuration.task.kind)")
      #expect(abs(total / budget - 1) < 0.2, "\(configuration.task.kind)")
    }
    #expect(kinds.count == 9)
  }

  /// Different backbones and objectives: the operations are those of 81,000 clips in R-2D3D-18, up to half an epoch. Of
  /// masked clips, 25 of 49 places enter the network.
  @Test func successorsCostTheSame() throws {
    let plan = try plan(Recipe.successors.experiment)
    let trained = pretrainings(plan).values
    let reference = Architecture.r2d3d18.cost(
      width: 24, classes: 1, frames: 8, height: 56, clipWidth: 56)
    let budget = 81_000 * Double(reference.operations)
    var kinds: [String: Int] = [:]
    for (configuration, sources) in trained {
      let (model, isMasked) = (configuration.model, configuration.task.kind == .masked)
      kinds["\(model.architecture.rawValue) \(configuration.task.kind.rawValue)", default: 0] += 1
      let clip = model.architecture.cost(
        width: model.width, classes: 1, frames: 8, height: 56, clipWidth: 56,
        visibleCubes: isMasked ? 4 * 25 : nil)
      let perStep = configuration.batch.sources
      let clips = Double(sources / perStep * perStep * (isMasked ? 1 : 9))
      let perEpoch = clips * Double(clip.operations)
      #expect(abs(Double(configuration.epochs) * perEpoch - budget) <= perEpoch / 2)
    }
    #expect(kinds == ["r2d3d-18 mosi": 1, "vit-tiny mosi": 3, "vit-tiny masked": 3])
    // A fine-tuning has the network of its pre-training, with what only transformers have.
    var positions: Set<TokenPositions.Scheme?> = []
    for run in plan.runs {
      guard case .finetuning(let configuration) = run.work else { continue }
      let model = configuration.model
      #expect(model.width == (model.architecture == .vitTiny ? 32 : 24))
      #expect((model.dropPath > 0) == (model.architecture == .vitTiny))
      positions.insert(model.positions)
    }
    #expect(positions == [nil, .number])
  }

  /// Rows of one network share a measurement, dropout and masks do not matter, and a task with layers of its own has another.
  @Test func aStepOfEachKindIsTimed() throws {
    let experiment = try Experiment(
      yaml: """
        title: Kinds
        question: Which steps differ?
        measures: [pretraining, finetuning]
        sources: own
        pretraining: {model: {width: 4}, batch: {sources: 2}}
        tiny: {pretraining: {model: {width: 4}}}
        rows:
          - {name: random, start: scratch, finetuning: {model: {dropout: 0}}}
          - {name: MoSI}
          - {name: unmasked, pretraining: {task: {mosi: {mask: {enabled: false}}}}}
          - {name: rates, tiny: {preset: tiny-playback-rate, pretraining: {model: {width: 4}}}}
        """, name: "kinds", origin: "kinds.yaml")
    let plan = try plan(experiment)
    #expect(plan.runs.count == 7)
    var calls: [Int] = []
    let speed = MachineSpeed(plan, timing: plan.runs, on: .cpu) { done, total in
      #expect(total == 2)
      calls.append(done)
    }
    #expect(calls == [0, 1])
    let perOperation = plan.runs.map { speed.seconds($0) / $0.operations }
    let isRates = plan.runs.map { $0.title.contains("pre-training, rates") }
    #expect(isRates.filter(\.self).count == 1)
    let others = zip(perOperation, isRates).filter { !$1 }.map(\.0)
    #expect(others.allSatisfy { $0 > 0 && abs($0 / others[0] - 1) < 1e-9 })
    let total = plan.runs.reduce(0) { $0 + speed.seconds($1) }
    let operations = plan.runs.reduce(0) { $0 + $1.operations }
    #expect(abs(total * speed.overall.operationsPerSecond / operations - 1) < 1e-9)
    let overview = PlanOverview(plan, here: speed)
    #expect(abs(overview.total.hoursHere - total / 3600) < 1e-9 * total)
    #expect(abs(overview.hoursLeft - total / 3600) < 1e-9 * total)

    // All timed runs are of one kind; the run of the other kind is estimated from them.
    let rest = plan.runs.filter { !$0.title.contains("pre-training, rates") }
    let one = MachineSpeed(plan, timing: rest, on: .cpu) { done, total in
      #expect(done == 0 && total == 1)
    }
    let estimates = plan.runs.map { one.seconds($0) / $0.operations }
    #expect(estimates.allSatisfy { abs($0 * one.overall.operationsPerSecond - 1) < 1e-9 })
    _ = MachineSpeed(plan, timing: [], on: .cpu) { _, _ in Issue.record("nothing is timed") }
  }

  /// All pre-trainings but that of the last row have the same videos, MoSI's on single frames of them.
  @Test func allTasksHaveTheSameVideos() throws {
    let plan = try plan(equal())
    let trained = pretrainings(plan)
    for cell in plan.cells {
      guard let name = cell.pretraining else {
        #expect(cell.row < 2)
        continue
      }
      let (configuration, sources) = try #require(trained[name])
      let isLast = cell.row == plan.experiments[0].rows.count - 1
      #expect(sources == (isLast ? 2880 : 600))
      #expect(configuration.sources.paths[0].hasPrefix("synthetic:") == isLast)
    }
  }

  /// The first series with all seeds, then the second; rows that share a pre-training share it in all series.
  @Test func seriesComeInTurn() throws {
    let plan = try plan(equal(), seeds: 2)
    let tuned = plan.runs.compactMap { run -> (series: Int, seed: Int)? in
      guard case .finetuning(let configuration) = run.work else { return nil }
      let series =
        configuration.start.frozenStages == 5 ? 2 : configuration.dataset.shots == 5 ? 1 : 0
      return (series, configuration.seed)
    }
    #expect(tuned.count == 15 * 3 * 2)
    let places = tuned.map { 2 * $0.series + $0.seed }
    #expect(places == places.sorted())
    #expect(pretrainings(plan).count == 2 * 14)
    let retrievals = plan.runs.filter { $0.title.contains("retrieval") }
    #expect(retrievals.count == 2 * 13)
  }

  /// A task after another one: two pre-trainings of half the operations, of which the second begins with the weights of the
  /// first.
  @Test func aTaskMayFollowAnother() throws {
    let plan = try plan(equal())
    let row = try #require(plan.experiments[0].rows.firstIndex { $0.name == "MoSI, then VCP" })
    let name = try #require(plan.cells.first { $0.row == row }?.pretraining)
    let second = try #require(plan.runs.first { $0.name == name })
    let first = try #require(plan.runs.first { $0.name == second.predecessor })
    let trained = pretrainings(plan)
    let (after, before) = (trained[second.name]!.0, trained[first.name]!.0)
    #expect(after.task.kind == .cloze && before.task.kind == .mosi)
    #expect(after.start.weights == plan.runFolder(first.name).path && before.start.weights == nil)
    #expect(plan.runs(of: plan.experiments[0]).count == plan.runs.count)
    let table = try ResultTable(plan.experiments[0], of: plan)
    func operations(_ name: String) -> Double? {
      table.lines.first { $0.row == name }?.ours[.operations]?.mean
    }
    let (both, alone) = try (
      #require(operations("MoSI, then VCP")), #require(operations("VCP"))
    )
    #expect(abs(both / alone - 1) < 0.1)
  }

  /// At the tiny scale a task has its small preset and nothing of the paper's: its optimizer would not suit it.
  @Test func presetsReplaceEachOther() throws {
    for (scale, kind, rate) in [
      (Scale.tiny, OptimizerSettings.Kind.adam, 1e-3), (.paper, .sgd, 0.1),
    ] {
      let plan = try Plan(
        [equal()], scale: scale, seeds: 1, data: data(), folder: folder + "/out")
      let rotation = try #require(
        pretrainings(plan).values.first { $0.0.task.kind == .rotation }?.0)
      #expect(rotation.optimizer.kind == kind && rotation.optimizer.learningRate == rate)
      #expect(rotation.model.architecture == .r2d3d18)
    }
  }

  // MARK: Results

  private func small() throws -> Experiment {
    try Experiment(
      yaml: """
        title: t
        measures: [finetuning]
        reference: b
        sources: own
        rows:
          - {name: a, pretraining: {task: {mosi: {labels: {axes: x}}}}}
          - {name: b}
          - {name: c, start: scratch}
        """, name: "mine", origin: "mine.yaml")
  }

  /// Writes the record of a finished training.
  private func finish(_ run: PlannedRun, of plan: Plan, top1: Double) throws {
    let folder = plan.runFolder(run.name)
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    try summary(run, top1).write(toFile: folder.metrics, atomically: true, encoding: .utf8)
  }

  /// What masked modeling explains follows from the last validation; tasks with classes have no such value. The accuracy of a
  /// task with several is their mean.
  @Test func masksExplainAShare() throws {
    let plan = try plan(Recipe.successors.experiment)
    let rows = plan.experiments[0].rows.map(\.name)
    let masked = try #require(rows.firstIndex(of: "masked modeling, window, ViT"))
    let classes = try #require(rows.firstIndex(of: "MoSI, R-2D3D-18"))
    let directions = try #require(rows.firstIndex(of: "MoSI, ViT"))
    func finish(_ row: Int, _ values: String) throws {
      let name = try #require(plan.cells.first { $0.row == row }?.pretraining)
      let run = try #require(plan.runs.first { $0.name == name })
      try FileManager.default.createDirectory(
        atPath: plan.runFolder(name).path, withIntermediateDirectories: true)
      try summary(run, 0.5).replacingOccurrences(of: #""chance":0.5"#, with: values)
        .write(toFile: plan.runFolder(name).metrics, atomically: true, encoding: .utf8)
    }
    try finish(masked, #""validation_loss":0.6,"validation_terms":{"loss_of_means":0.8}"#)
    try finish(classes, #""validation_loss":0.6,"top1":0.9,"chance":0.1"#)
    // What MemDPC leaves.
    try finish(
      directions,
      #""validation_loss":2,"validation_terms":{"backward_top1":0.2,"forward_top1":0.3,"forward_top5":0.9}"#
    )
    let lines = try ResultTable(plan.experiments[0], of: plan).lines
    for line in lines.filter({ $0.row == rows[directions] }) {
      #expect(abs(line.ours[.pretraining]!.mean - 0.25) < 1e-12)
    }
    // Both lengths of the fine-tuning begin with the same pre-training.
    for line in lines.filter({ $0.row == rows[masked] }) {
      #expect(abs(line.ours[.explained]!.mean - 0.25) < 1e-12)
      #expect(line.ours[.pretraining] == nil)
    }
    for line in lines.filter({ $0.row == rows[classes] }) {
      #expect(line.ours[.explained] == nil && line.ours[.pretraining]!.mean == 0.9)
    }
    #expect(lines.count == 2 * rows.count)
  }

  private func summary(_ run: PlannedRun, _ top1: Double) -> String {
    #"{"event":"summary","step":1,"epoch":1,"loss":1,"chance":0.5,"clips_per_second":1,"seconds":1,"#
      + "\"training_sources\":\(run.sources!),"
      + #""validation_sources":1,"skipped_sources":0,"evaluation":{"videos":15,"clips":3,"#
      + "\"top1\":\(top1),"
      + #""mean_class_accuracy":0,"failed":0}}"# + "\n"
  }

  private func keep(_ run: PlannedRun, in results: ResultFolder, top1: Double) throws {
    let line = summary(run, top1).trimmingCharacters(in: .newlines)
    try scratch.write(
      #"{"run":"\#(run.name)","title":"","dataset":"","summary":\#(line)}"#,
      to: "kept/\(run.name).json")
  }

  private func tuning(_ plan: Plan, _ row: Int, seed: Int) throws -> PlannedRun {
    let cell = try #require(plan.cells.first { $0.row == row && $0.seed == seed })
    return try #require(plan.runs.first { $0.name == cell.finetuning })
  }

  /// a leads b by 10 points with seed 0 and by 20 with seed 1; with seed 2 there is only a.
  @Test func differencesAreTakenSeedBySeed() throws {
    let plan = try plan(small(), seeds: 3)
    for (row, seed, top1) in [
      (0, 0, 0.5), (1, 0, 0.4), (0, 1, 0.9), (1, 1, 0.7), (0, 2, 0.1), (2, 1, 0.2),
    ] {
      try finish(tuning(plan, row, seed: seed), of: plan, top1: top1)
    }
    let table = try ResultTable(plan.experiments[0], of: plan)
    let first = try #require(table.lines[0].differences?[.finetuning])
    #expect(first.values.count == 2)
    #expect(zip(first.values, [0.1, 0.2]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(abs(first.mean - 0.15) < 1e-12)
    #expect(abs(first.deviation! - 0.005.squareRoot()) < 1e-12)
    #expect(table.lines[1].differences == [:])
    let last = try #require(table.lines[2].differences?[.finetuning])
    #expect(last.values.count == 1 && abs(last.mean + 0.5) < 1e-12 && last.deviation == nil)
    let (header, rows) = table.cells
    #expect(header == ["", "top-1", "top-1 − b"])
    #expect(rows[0] == ["a", "50.0 ± 40.0", "+15.0 ± 7.1 (2 of 3)"])
    #expect(rows[1][2] == "–" && rows[2][2] == "-50.0 (1 of 3)")
    #expect(table.legend.contains("differences to b are taken seed by seed"))
  }

  /// A finished run whose folder is gone is not repeated, unless another run needs its weights.
  @Test func keptResultsReplaceRuns() throws {
    let results = ResultFolder(path: folder + "/kept")
    let plan = try plan(small(), in: "fresh", results: results)
    #expect(plan.runs.count == 5 && plan.missingRuns.count == 5)
    func missing() -> [String] { plan.missingRuns.map(\.title) }
    let (a, b, c) = try (
      tuning(plan, 0, seed: 0), tuning(plan, 1, seed: 0), tuning(plan, 2, seed: 0)
    )
    for run in plan.runs where run.name == a.predecessor || run.name == c.name {
      try keep(run, in: results, top1: 0.25)
    }
    // The fine-tuning of a is not done: its pre-training is needed.
    #expect(
      missing() == [
        "pre-training, a, seed 0", "fine-tuning, a, seed 0", "pre-training, b, seed 0",
        "fine-tuning, b, seed 0",
      ])
    try keep(a, in: results, top1: 0.5)
    try keep(b, in: results, top1: 0.25)
    #expect(missing() == ["pre-training, b, seed 0"])
    let table = try ResultTable(plan.experiments[0], of: plan)
    #expect(table.lines.map { $0.ours[.finetuning]?.mean } == [0.5, 0.25, 0.25])
    // A file that cannot be read, or that belongs to another run, counts for nothing.
    try scratch.write("{", to: "kept/\(a.name).json")
    #expect(missing().count == 3)
    try FileManager.default.removeItem(atPath: "\(folder)/kept/\(a.name).json")
    try FileManager.default.copyItem(
      atPath: "\(folder)/kept/\(b.name).json", toPath: "\(folder)/kept/\(a.name).json")
    #expect(missing().count == 3)
  }

  /// OPN has its own network in Table 5, at both scales on frames that it can see, and in the comparison at equal cost that of
  /// all others.
  @Test func opnHasItsOwnNetworkInItsOwnTable() throws {
    for (scale, sides, width) in [(Scale.paper, (80, 112), 96), (.tiny, (80, 80), 24)] {
      let plan = try Plan(
        [Recipe.table5.experiment, equal()], scale: scale, seeds: 1, data: data(),
        folder: "\(folder)/out")
      var seen: [Architecture] = []
      for run in plan.runs where run.title.contains("OPN") {
        switch run.work {
        case .pretraining(let configuration):
          let (model, clip) = (configuration.model, configuration.clip)
          #expect(configuration.task.kind == .frameOrder)
          seen.append(model.architecture)
          if model.architecture == .opn {
            #expect(model.width == width && clip.frames == 2 && clip.size == sides.0)
          } else {
            #expect(model.width == (scale == .paper ? 64 : 24))
            #expect(clip.frames == (scale == .paper ? 16 : 4))
          }
        case .finetuning(let configuration) where configuration.model.architecture == .opn:
          #expect(configuration.model.width == width && configuration.clip.size == sides.1)
          #expect(configuration.clip.frames == (scale == .paper ? 16 : 8))
        default: break
        }
      }
      #expect(seen == [.opn, .r2d3d18])
    }
  }
}
