import Configuration
import Foundation
import Reproduction
import SafeFiles
import SyntheticData
import TestSupport
import Testing
import Training
import VideoData

@Suite struct PlanTests {
  private let scratch: ScratchFolder
  private var folder: String { scratch.path }

  init() throws { scratch = try ScratchFolder() }

  /// A dataset whose videos do not exist: `perClass` training videos and one test video for each of two classes.
  private func data(perClass: Int, isSprites: Bool = false, pictures: [String] = []) throws
    -> BenchmarkData
  {
    var lines = ["path,label,split"]
    for label in ["still", "circling"] {
      for number in 0..<perClass { lines.append("\(label)/\(number).mp4,\(label),train") }
      lines.append("\(label)/t.mp4,\(label),test")
    }
    try scratch.write(lines.joined(separator: "\n") + "\n", to: "annotations.csv")
    var dataset = FinetuningConfiguration.Dataset()
    dataset.kind = .csv
    dataset.videos = folder
    var sprites = SpriteDataset()
    sprites.setting = .plain
    return try BenchmarkData(
      dataset: dataset, sprites: isSprites ? sprites : nil, pictures: pictures,
      kinetics: [], folder: folder + "/out")
  }

  private func plan(
    _ recipes: [Recipe], scale: Scale, seeds: Int = 1, _ data: BenchmarkData
  ) throws -> Plan {
    try Plan(
      recipes.map { try $0.experiment }, scale: scale, seeds: seeds, data: data,
      folder: folder + "/out")
  }

  /// Names end with a digest of the configuration: with other names, runs finished by version 0.1.0 would be trained
  /// again.
  @Test func runsHaveTheNamesThatVersion010GaveThem() throws {
    func names(_ recipe: Recipe, _ scale: Scale) throws -> [String] {
      var dataset = FinetuningConfiguration.Dataset()
      dataset.kind = .csv
      dataset.videos = folder + "/out/sprites"
      var sprites = SpriteDataset()
      sprites.setting = .plain
      let data = try BenchmarkData(
        dataset: dataset, sprites: sprites, pictures: [], kinetics: [],
        folder: folder + "/out")
      return try plan([recipe], scale: scale, data).runs.map {
        $0.name.replacingOccurrences(of: "-seed0", with: "")
      }
    }
    #expect(
      try names(.table1, .tiny) == [
        "finetuning-scratch-a8b99c9882b0", "pretraining-a117e090b275",
        "finetuning-mosi-546d237f709f", "pretraining-d8e21a79c756", "finetuning-mosi-90e2934218e6",
        "pretraining-c96c31a1b834", "finetuning-mosi-4cd18c79f54e",
      ])
    #expect(
      try names(.table1, .paper) == [
        "finetuning-scratch-012304ed8b36", "pretraining-cf135f3127cb",
        "finetuning-mosi-e5eda84eb621", "pretraining-dcc95a55a0e6", "finetuning-mosi-22c25a4125f1",
        "pretraining-1325ca10103d", "finetuning-mosi-82c388654f73",
      ])
    #expect(
      try names(.table4, .tiny).prefix(4) == [
        "pretraining-9f542dd680e5", "finetuning-mosi-877be73927f1", "pretraining-19594f112443",
        "finetuning-mosi-43dfa2a37c10",
      ])
    #expect(try names(.table3, .tiny).last == "finetuning-mosi-c70770422d18")
    #expect(try names(.fig7, .paper).first == "pretraining-89051900f116")
    #expect(
      try names(.limits, .paper).suffix(2) == [
        "pretraining-57697a4e18f8-localization", "finetuning-mosi-66cb977428bd",
      ])
  }

  /// All recipes at both scales give valid configurations.
  @Test func everyRecipeCanBePlanned() throws {
    for scale in Scale.allCases {
      for isSprites in [false, true] {
        let plan = try plan(
          Recipe.allCases, scale: scale,
          data(
            perClass: 30, isSprites: isSprites,
            pictures: isSprites ? [] : ["synthetic:dead-leaves:50"]))
        for cell in plan.cells {
          #expect(cell.pretraining != nil || cell.finetuning != nil)
        }
        // Only Kinetics is missing.
        #expect(plan.omissions.map(\.experiment) == ["table5"])
        for run in plan.runs {
          guard let name = run.predecessor else { continue }
          let before = plan.runs.firstIndex { $0.name == name }
          #expect(before! < plan.runs.firstIndex { $0.name == run.name }!)
        }
      }
    }
  }

  /// Results of one setting of sprites cannot be taken for those of another: folders, files and titles differ.
  @Test func resultsNameTheSettingOfSprites() throws {
    for (setting, name, words) in [
      (SpriteSetting.plain, "sprites", "Moving Sprites (plain, version 1)"),
      (.looks, "sprites-looks-1", "Moving Sprites (looks, version 1)"),
    ] {
      var sprites = SpriteDataset()
      sprites.setting = setting
      var dataset = FinetuningConfiguration.Dataset()
      dataset.kind = .csv
      dataset.videos = "\(folder)/out/\(BenchmarkData.spritesName(setting))"
      let data = try BenchmarkData(
        dataset: dataset, sprites: sprites, pictures: [], kinetics: [], folder: folder + "/out")
      #expect(data.name == name && data.title == words)
      let plan = try plan([.effect], scale: .tiny, data)
      let table = try ResultTable(plan.experiments[0], of: plan)
      #expect(table.dataset == words && table.fileName == "effect-\(name)-tiny")
      #expect(table.measures.contains(.look) == (setting == .looks))
      #expect(table.measures.contains(.otherClasses))
    }
    let plan = try plan([.effect], scale: .tiny, data(perClass: 5))
    let measures = try ResultTable(plan.experiments[0], of: plan).measures
    #expect(measures == [.pretraining, .finetuning])
  }

  /// Both axes, five speeds and N frames share the same pre-training and the same fine-tuning.
  @Test func runsAreShared() throws {
    let data = try data(perClass: 30, isSprites: true)
    let plan = try plan([.table1, .table2ab, .table2cd, .fig7], scale: .tiny, data)
    func cell(_ experiment: String, _ row: Int) -> Plan.Cell {
      plan.cells.first { $0.experiment == experiment && $0.row == row }!
    }
    let both = cell("table1", 1)
    for other in [cell("table2ab", 1), cell("table2cd", 2), cell("fig7", 10)] {
      #expect(other.pretraining == both.pretraining && other.finetuning == both.finetuning)
    }
    let names = Set(plan.cells.compactMap(\.pretraining))
    #expect(names.count == 3 + 3 + 4 + 10)
    // Random weights need no pre-training and differ from all others.
    #expect(cell("table1", 0).pretraining == nil && cell("table1", 0).finetuning != nil)
  }

  /// A dataset's own videos are in a list, whose content is not a setting.
  @Test func datasetsShareNoPretrainingOfTheirOwnVideos() throws {
    let data = try data(perClass: 5)
    func pretraining(of videos: String) throws -> String {
      var dataset = data.dataset
      dataset.videos = videos
      let other = try BenchmarkData(
        dataset: dataset, pictures: [], kinetics: [], folder: folder + "/out")
      return try plan([.table1], scale: .paper, other).cells[1].pretraining!
    }
    let moved = folder + "/moved"
    try FileManager.default.createDirectory(atPath: moved, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: folder + "/annotations.csv", toPath: moved + "/annotations.csv")
    let (one, other) = (try pretraining(of: folder), try pretraining(of: moved))
    let again = try pretraining(of: folder)
    #expect(one != other && one == again)
  }

  @Test func sourcesUsedMoreOftenAreReported() throws {
    let many = try plan(
      [.table1], scale: .tiny,
      data(perClass: 5, isSprites: true, pictures: ["synthetic:dead-leaves:20000"]))
    #expect(many.remarks.first?.contains("uses each of its 19200 sources once") == true)
    #expect(try plan([.table1], scale: .tiny, data(perClass: 5, isSprites: true)).remarks.isEmpty)
  }

  /// A network cannot be analyzed in two ways: both would write their results to the same place.
  @Test func analysesOfOneNetworkUseTheSameClips() throws {
    let experiment = try Experiment(
      yaml: """
        title: t
        measures: [axes]
        rows:
          - name: a
          - name: b
            finetuning: {clip: {interval: 5}}
        """, name: "mine", origin: "mine.yaml")
    #expect(throws: RecipeError.self) {
      try Plan(
        [experiment], scale: .paper, seeds: 1, data: data(perClass: 5), folder: folder + "/out")
    }
  }

  @Test func seedsDifferAndComeInTurn() throws {
    let plan = try plan([.table1], scale: .tiny, seeds: 2, data(perClass: 5, isSprites: true))
    #expect(plan.runs.count == 2 * 7)
    let seeds = plan.runs.map { $0.name.contains("seed0") ? 0 : 1 }
    #expect(seeds == seeds.sorted())
    // A folder that is moved keeps its runs.
    let data = try data(perClass: 5, isSprites: true)
    let moved = try Plan(
      [try Recipe.table1.experiment], scale: .tiny, seeds: 2,
      data: BenchmarkData(
        dataset: data.dataset, sprites: SpriteDataset(), pictures: [], kinetics: [],
        folder: folder + "/elsewhere"), folder: folder + "/elsewhere")
    #expect(moved.runs.map(\.name) == plan.runs.map(\.name))
  }

  /// The cost of the paper's pre-training and fine-tuning by hand: 13.73 GFLOP for a clip's forward pass, three times
  /// that in training.
  @Test func costsAreThoseOfTheNetworks() throws {
    let plan = try plan([.table1], scale: .paper, data(perClass: 500))
    let forwards = 13.73e9
    let pretraining = plan.runs.first { $0.title.contains("pre-training, MoSI, x and y") }!
    let expected = 100 * 9 * forwards * (3 * 1000 + 2)
    #expect(abs(pretraining.operations / expected - 1) < 1e-3)
    let finetuning = plan.runs.first { $0.title.contains("fine-tuning, from scratch") }!
    let judged = Double(30 * 2 + 10 * 2)
    #expect(abs(finetuning.operations / (forwards * (3 * 300 * 1000 + judged)) - 1) < 1e-3)
  }

  /// An analysis costs the forward and backward passes of its clips, through the network and five random ones: of the 2
  /// test videos and of the 9 clips of each of the 2 held-out sources.
  @Test func analysesAreCounted() throws {
    let data = try data(perClass: 500, pictures: ["synthetic:dead-leaves:50"])
    let plan = try plan([.fig4, .fig5], scale: .paper, data)
    let localization = plan.runs.first {
      $0.title.contains("localization of motion, MoSI on the dataset itself")
    }!
    #expect(abs(localization.operations / (13.73e9 * 2 * Double(6 * (2 + 2 * 9) + 2)) - 1) < 1e-3)
    let clusters = plan.runs.first { $0.title.contains("clusters") }!
    #expect(abs(clusters.operations / (13.73e9 * 6 * 2) - 1) < 1e-3)
  }

  /// Synthetic pictures, given or default, have no folders: Table 4 takes as many as N from a hundred folders.
  @Test func syntheticPicturesCountAsAHundredFolders() throws {
    for pictures in [[], ["synthetic:dead-leaves:50"]] {
      let data = try data(perClass: 5, isSprites: true, pictures: pictures)
      let paths = try plan([.table4], scale: .tiny, data).runs.compactMap { run -> [String]? in
        guard case .pretraining(let configuration) = run.work else { return nil }
        #expect(configuration.sources.maxPerFolder == nil)
        return configuration.sources.paths
      }
      let expected = [500, 1000, 2000, 3000].map { ["synthetic:dead-leaves:\($0)"] }
      #expect(Array(paths.dropFirst()) == expected)
    }
  }

  /// At the tiny scale, the number of epochs follows from the numbers of sources and of clips.
  @Test func lengthsBecomeEpochs() throws {
    let plan = try plan([.effect], scale: .tiny, data(perClass: 40, isSprites: true))
    for run in plan.runs {
      switch run.work {
      case .pretraining(let configuration):
        #expect(configuration.sources.paths == [BenchmarkData.syntheticPictures])
        #expect(configuration.epochs == 3)
      case .finetuning(let configuration):
        let videos = 2 * configuration.dataset.shots!
        let isScratch = configuration.start.weights == nil
        #expect(abs(configuration.epochs * videos - (isScratch ? 28800 : 9600)) <= videos / 2)
        // The settings that scratch-tuning found best.
        #expect(configuration.model.dropout == (isScratch ? 0 : 0.5))
        #expect(configuration.optimizer.weightDecay == (isScratch ? 0 : 1e-3))
      case .analysis: break
      }
    }
  }

  /// The tuning of random weights is not bound to its own result: each of its cells is a separate training.
  @Test func scratchIsTunedOverItsGrid() throws {
    let data = try data(perClass: 40, isSprites: true)
    let plan = try plan([.scratchTuning], scale: .tiny, data)
    var found: Set<[Double]> = []
    for run in plan.runs {
      guard case .finetuning(let configuration) = run.work else { continue }
      // 20 of each of the two classes.
      let clips = Double(configuration.epochs * 40)
      found.insert([
        configuration.optimizer.learningRate, (clips / 9600).rounded(), configuration.model.dropout,
        configuration.optimizer.weightDecay,
      ])
    }
    var expected: Set<[Double]> = []
    for rate in [3e-4, 1e-3, 3e-3] {
      for length in [1.0, 3, 9] { expected.insert([rate, length, 0.5, 1e-3]) }
      for length in [3.0, 9] { expected.insert([rate, length, 0, 0]) }
    }
    #expect(plan.runs.count == 15 && found == expected)
  }

  /// A recipe may specify its sources, even the default ones, or only the validation sources.
  @Test func namedSourcesStay() throws {
    func sources(_ lines: String) throws -> PretrainingConfiguration.Sources {
      let experiment = try Experiment(
        yaml:
          "title: t\nmeasures: [pretraining]\npretraining: {sources: \(lines)}\nrows:\n  - name: a\n",
        name: "mine", origin: "mine.yaml")
      let plan = try Plan(
        [experiment], scale: .paper, seeds: 1, data: data(perClass: 30), folder: folder + "/out")
      guard case .pretraining(let configuration) = plan.runs[0].work else {
        throw MissingSetting.pretraining
      }
      return configuration.sources
    }
    #expect(
      try sources("{paths: [\"synthetic:dead-leaves:10000\"]}").paths
        == ["synthetic:dead-leaves:10000"])
    let heldOut = try sources("{validation_paths: [\"synthetic:dead-leaves:7\"]}")
    #expect(heldOut.validationPaths == ["synthetic:dead-leaves:7"])
    #expect(heldOut.paths.count == 1 && heldOut.paths[0].hasSuffix(".txt"))
  }

  private enum MissingSetting: Error { case pretraining }

  /// A recipe's epochs also apply at the tiny scale, whose length is for recipes without epochs.
  @Test func epochsReplaceAnEarlierLength() throws {
    let experiment = try Experiment(
      yaml: """
        title: t
        measures: [finetuning]
        rows:
          - {name: one, pretraining: {epochs: 1}, finetuning: {epochs: 2}}
          - {name: fifty, pretraining: {epochs: 50}}
          - {name: both, pretraining: {epochs: 50}, tiny: {length: {pretraining: 2880}}}
        """, name: "mine", origin: "mine.yaml")
    let plan = try Plan(
      [experiment], scale: .tiny, seeds: 1, data: data(perClass: 30, isSprites: true),
      folder: folder + "/out")
    var epochs: (pretraining: [Int], finetuning: [Int]) = ([], [])
    for run in plan.runs {
      switch run.work {
      case .pretraining(let configuration): epochs.pretraining.append(configuration.epochs)
      case .finetuning(let configuration): epochs.finetuning.append(configuration.epochs)
      case .analysis: break
      }
    }
    // The first and the last row share a pre-training; 9,600 clips of 20 videos per class are 240 epochs.
    #expect(epochs.pretraining == [1, 50] && epochs.finetuning == [2, 240, 240])
  }

  /// Differences such as mixed datasets, or a need for videos, are reported below the table.
  @Test func incompleteTrainingsAreReported() throws {
    let data = try data(perClass: 5, isSprites: true)
    let plan = try plan([.table1], scale: .tiny, data)
    func finish(_ run: PlannedRun, sources: Int, bad: Int, failed: Int) throws {
      let folder = plan.runFolder(run.name)
      try FileManager.default.createDirectory(
        atPath: folder.path, withIntermediateDirectories: true)
      let summary =
        #"{"event":"summary","step":1,"epoch":1,"loss":1,"chance":0.5,"clipsPerSecond":1,"seconds":1,"#
        + "\"trainingSources\":\(sources),\"validationSources\":1,\"badSources\":\(bad),"
        + #""evaluation":{"videos":2,"clips":3,"top1":0.5,"meanClassAccuracy":0,"#
        + "\"failed\":\(failed)}}\n"
      try summary.write(toFile: folder.metrics, atomically: true, encoding: .utf8)
    }
    func notes() throws -> [String] { try ResultTable(plan.experiments[0], of: plan).notes }
    let runs = plan.runs.filter {
      $0.title.contains("from scratch") || $0.title.contains("x alone")
    }
    for run in runs { try finish(run, sources: run.sources!, bad: 0, failed: 0) }
    #expect(try notes().isEmpty)
    let scratch = try #require(runs.first { $0.title.contains("from scratch") })
    try finish(scratch, sources: 9, bad: 1, failed: 1)
    let told = try notes()
    #expect(told.count == 3 && told.allSatisfy { $0.hasPrefix(scratch.title) })
    #expect(told[0].contains("trained on 9 sources, but there are 10 now; remove "))
    #expect(told[1].contains("1 source was missing"))
    #expect(told[2].contains("1 of 2 test videos were missing"))
  }

  /// Videos are made all or none, after an interruption, too, and once.
  @Test func spritesAreMadeOnce() throws {
    var sprites = SpriteDataset()
    sprites.actions = [.left, .right]
    (sprites.trainingVideos, sprites.testVideos) = (2, 1)
    (sprites.format.width, sprites.format.height, sprites.format.duration) = (48, 36, 0.2)
    let place = folder + "/made/sprites"
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try BenchmarkData.writeSprites(sprites, to: place) { _ in throw Stop() }
    }
    let files = FileManager.default
    #expect(!files.fileExists(atPath: place))
    #expect(files.fileExists(atPath: folder + "/made/.sprites.partial"))
    try BenchmarkData.writeSprites(sprites, to: place) { _ in }
    #expect(try files.contentsOfDirectory(atPath: place + "/left").count == 3)
    #expect(!files.fileExists(atPath: folder + "/made/.sprites.partial"))
    try BenchmarkData.writeSprites(sprites, to: place) { _ in throw Stop() }
  }

  /// In each table, a shared run is named after that table's rows.
  @Test func sharedRunsAreNamedByEachTable() throws {
    let data = try data(perClass: 30, isSprites: true)
    let plan = try plan([.effect, .table1], scale: .tiny, data)
    let (effect, table) = (plan.experiments[0], plan.experiments[1])
    let shared = plan.cells.first { $0.experiment == "table1" && $0.row == 1 }!
    func title(_ name: String?, _ experiment: Experiment) -> String {
      plan.title(of: plan.runs.first { $0.name == name }!, in: experiment)
    }
    #expect(title(shared.finetuning, effect) == "fine-tuning, MoSI, 20 a class, seed 0")
    #expect(title(shared.finetuning, table) == "fine-tuning, MoSI, x and y, seed 0")
    #expect(title(shared.pretraining, effect) == "pre-training, MoSI, seed 0")
    #expect(title(shared.pretraining, table) == "pre-training, MoSI, x and y, seed 0")
  }

  /// A table reports how its trainings differ from the paper's, and nothing if they do not.
  @Test func conditionsAreReportedIfTheyApply() throws {
    let data = try data(perClass: 40, isSprites: true)
    func legend(_ recipe: Recipe, _ scale: Scale) throws -> String {
      try ResultTable(recipe.experiment, of: plan([recipe], scale: scale, data)).legend
    }
    let (curriculum, scratch) = (
      "masks reached by the mask curriculum",
      "random weights trained for 3 times the clips, unregularized"
    )
    let effect = try legend(.effect, .tiny)
    #expect(effect.contains(curriculum) && effect.contains(scratch))
    // Of two rows from random weights, the first counts.
    #expect(try legend(.table5Equal, .tiny).contains(scratch))
    let tuning = try legend(.scratchTuning, .tiny)
    #expect(!tuning.contains(curriculum) && !tuning.contains("random weights"))
    let paper = try legend(.effect, .paper)
    #expect(!paper.contains(curriculum) && !paper.contains("random weights"))
  }

  /// Later settings override earlier ones, and within each place, those for the tiny scale.
  @Test func laterSettingsWin() throws {
    let experiment = try Experiment(
      yaml: """
        title: t
        measures: [pretraining]
        pretraining: {model: {width: 1}, labels: {granularity: 1}}
        tiny: {pretraining: {model: {width: 2}}, length: {pretraining: 11520}}
        series:
          - name: s
            pretraining: {labels: {granularity: 3}}
        rows:
          - name: a
            pretraining: {labels: {axes: x}}
            tiny: {pretraining: {labels: {axes: y}}}
        """, name: "mine", origin: "mine.yaml")
    func planned(_ scale: Scale) throws -> PretrainingConfiguration? {
      let plan = try Plan(
        [experiment], scale: scale, seeds: 1, data: data(perClass: 5, isSprites: true),
        folder: folder + "/out")
      guard case .pretraining(let configuration) = plan.runs[0].work else { return nil }
      return configuration
    }
    let paper = try #require(try planned(.paper))
    let tiny = try #require(try planned(.tiny))
    #expect(paper.model.width == 1 && tiny.model.width == 2)
    #expect(paper.task.mosi.labels.granularity == 3 && tiny.task.mosi.labels.granularity == 3)
    #expect(paper.task.mosi.labels.axes == .x && tiny.task.mosi.labels.axes == .y)
    // 4 % of the 3000 pictures are held out.
    #expect(paper.epochs == 100 && tiny.epochs == 4)
    #expect(paper.clip.size == 112 && tiny.clip.size == 56)
  }

  /// Settings for random weights apply whenever a cell starts from them, even if a later part sets the start.
  @Test func scratchHasItsOwnSettings() throws {
    let experiment = try Experiment(
      yaml: """
        title: t
        measures: [finetuning]
        finetuning: {epochs: 7, clip: {interval: 2}}
        scratch: {finetuning: {epochs: 21, clip: {interval: 3}}}
        series:
          - name: pretrained
          - {name: scratch, start: scratch}
        rows:
          - name: a
            finetuning: {clip: {interval: 5}}
        """, name: "mine", origin: "mine.yaml")
    let plan = try Plan(
      [experiment], scale: .paper, seeds: 1, data: data(perClass: 5, isSprites: false),
      folder: folder + "/out")
    let epochs = plan.runs.compactMap { run -> [Int]? in
      guard case .finetuning(let configuration) = run.work else { return nil }
      let begins = configuration.start.weights == nil ? 0 : 1
      return [begins, configuration.epochs, configuration.clip.interval]
    }
    #expect(epochs == [[1, 7, 5], [0, 21, 5]])
  }

  /// A finished run is recognized by its folder, and the table uses the available results.
  @Test func tablesContainTheAvailableResults() throws {
    let plan = try plan([.table1], scale: .tiny, seeds: 2, data(perClass: 5, isSprites: true))
    let experiment = plan.experiments[0]
    var table = try ResultTable(experiment, of: plan)
    #expect(table.lines.allSatisfy(\.ours.isEmpty) && !table.isWhole)
    for (place, cell) in plan.cells.enumerated() {
      for name in [cell.pretraining, cell.finetuning].compactMap({ $0 }) {
        let run = plan.runFolder(name)
        try FileManager.default.createDirectory(
          atPath: run.path, withIntermediateDirectories: true)
        let step =
          #"{"event":"step","step":1,"epoch":1,"loss":1,"top1":0,"learningRate":1,"clipsPerSecond":1}"#
        let summary =
          #"{"event":"summary","step":1,"epoch":1,"loss":1,"chance":0.5,"clipsPerSecond":1,"seconds":1,"#
          + #""trainingSources":1,"validationSources":1,"badSources":0,"evaluation":{"videos":2,"clips":3,"#
          + "\"top1\":\(0.1 * Double(place)),\"meanClassAccuracy\":0,\"failed\":0}}"
        try "\(step)\n\(summary)\n".write(
          toFile: run.metrics, atomically: true, encoding: .utf8)
      }
    }
    #expect(plan.runs.allSatisfy(plan.isFinished))
    table = try ResultTable(experiment, of: plan)
    // Seeds 0 and 1 of row r are the cells r and r + 4.
    let means = table.lines.map { $0.ours[.finetuning]!.mean }
    for (row, mean) in means.enumerated() { #expect(abs(mean - (0.1 * Double(row) + 0.2)) < 1e-9) }
    #expect(abs(table.lines[0].ours[.finetuning]!.deviation! - 0.4 / 2.0.squareRoot()) < 1e-9)
    #expect(table.isWhole)
    let text = table.cells
    #expect(
      text.header == ["", "top-1", "paper, HMDB51", "paper, UCF101"]
        && text.rows[1] == ["MoSI, x and y", "30.0 ± 28.3", "47.0", "71.8"])
    #expect(table.markdown.contains("| MoSI, x and y | 30.0 ± 28.3 | 47.0 | 71.8 |"))
    // A missing seed is reported in its cell and below.
    let last = plan.runFolder(plan.cells[5].finetuning!).metrics
    let records = try String(contentsOfFile: last, encoding: .utf8)
    try FileManager.default.removeItem(atPath: last)
    let partial = try ResultTable(experiment, of: plan)
    #expect(!partial.isWhole && partial.cells.rows[1][1] == "10.0 (1 of 2)")
    #expect(partial.cells.rows[0][1] == text.rows[0][1])
    #expect(partial.legend.hasSuffix("over 2 seeds; unfinished: 1 run is missing"))
    try records.write(toFile: last, atomically: true, encoding: .utf8)
    let again = try JSON.decode(ResultTable.self, from: JSON.data(table))
    #expect(again == table)
    // An incomplete last line does not mark the end.
    let run = plan.runFolder(plan.runs[0].name)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: run.metrics))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"event\":\"ste".utf8))
    #expect(!plan.isFinished(plan.runs[0]))
  }
}
