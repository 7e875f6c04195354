import Foundation
import Reproduction
import TestSupport
import Testing

@Suite struct ExperimentTests {
  private func experiment(_ yaml: String) throws -> Experiment {
    try Experiment(yaml: yaml, name: "mine", origin: "mine.yaml")
  }

  private func complaint(_ yaml: String) -> String {
    TestSupport.complaint { try experiment(yaml) }
  }

  @Test(arguments: Recipe.allCases) func recipesAreValid(recipe: Recipe) throws {
    let experiment = try recipe.experiment
    #expect(!experiment.title.isEmpty && !experiment.question.isEmpty)
    #expect(recipe.text.hasPrefix("# "))
    // The header contains the command.
    #expect(recipe.text.contains("mosi reproduce \(recipe.rawValue) "))
    let names = experiment.rows.map(\.name)
    #expect(Set(names).count == names.count)
    // A chart needs an axis, and an axis needs positions.
    #expect(experiment.axis.isEmpty == experiment.rows.filter { $0.position != nil }.isEmpty)
  }

  /// The numbers of tables 1, 2 and 3 in the paper.
  @Test func numbersAreThePapers() throws {
    let axes = try Recipe.table1.experiment
    #expect(axes.rows.map { $0.paper[.hmdb51]?[.finetuning] } == [[30.4], [47.0], [44.9], [43.1]])
    #expect(axes.rows.map { $0.paper[.ucf101]?[.finetuning] } == [[64.5], [71.8], [71.6], [69.9]])
    let shots = try Recipe.table3.experiment
    #expect(shots.rows.map(\.position) == [3, 5, 7, 9, 11, 13, nil])
    #expect(
      shots.rows.map { $0.paper[.hmdb51]?[.finetuning] } == [
        [4.5, 8.1], [6.7, 12.5], [8.1, 17.4], [10.4, 22.2], [11.7, 24.1], [14.8, 25.4],
        [30.4, 46.9],
      ])
    for (recipe, dataset, measure, numbers) in [
      (Recipe.table2ab, PaperDataset.hmdb51, Measure.pretraining, [79.7, 96.1, 96.3, 96.6]),
      (.table2ab, .hmdb51, .finetuning, [43.0, 47.0, 44.6, 44.5]),
      (.table2ab, .ucf101, .pretraining, [81.4, 98.2, 99.1, 99.4]),
      (.table2ab, .ucf101, .finetuning, [70.1, 71.8, 70.9, 71.3]),
      (.table2cd, .hmdb51, .pretraining, [93.7, 95.0, 96.1, 94.5, 91.7]),
      (.table2cd, .hmdb51, .finetuning, [45.6, 44.9, 47.0, 44.6, 45.5]),
      (.table2cd, .ucf101, .pretraining, [98.1, 98.3, 98.2, 98.1, 99.6]),
      (.table2cd, .ucf101, .finetuning, [71.7, 71.0, 71.8, 71.1, 70.0]),
      (.table4, .hmdb51, .pretraining, [96.1, 83.1, 87.8, 96.9, 97.8]),
      (.table4, .hmdb51, .finetuning, [47.0, 47.3, 47.8, 48.0, 47.6]),
      (.table4, .ucf101, .pretraining, [98.2, 83.1, 87.8, 96.9, 97.7]),
      (.table4, .ucf101, .finetuning, [71.8, 71.1, 70.5, 71.2, 71.9]),
      (
        .table5, .hmdb51, .finetuning,
        [47.0, 48.6, 51.8, 23.8, 35.7, 41.2, 33.7, 33.7, 32.5, 30.9, 35.0, 48.8]
      ),
      (
        .table5, .ucf101, .finetuning,
        [71.8, 70.7, 82.8, 59.6, 75.7, 78.1, 62.9, 65.8, 68.5, 72.4, 72.1, 81.1]
      ),
    ] {
      let told = try recipe.experiment.rows.map { $0.paper[dataset]?[measure] }
      #expect(told == numbers.map { [$0] }, "\(recipe) \(dataset) \(measure)")
    }
    // The numbers of the two tables are the same; those of MoSI on R(2+1)D and Kinetics are only in the first.
    let equal = try Recipe.table5Equal.experiment
    #expect(equal.order == .series && equal.reference == "MoSI")
    for row in try Recipe.table5.experiment.rows {
      let name = row.name.components(separatedBy: ",")[0]
      guard name != "MoSI" else { continue }
      let other = try #require(equal.rows.first { $0.name == name })
      for dataset in PaperDataset.allCases {
        let one = row.paper[dataset]?[.finetuning]?[0]
        #expect(one != nil && other.paper[dataset]?[.finetuning] == [one, nil, nil], "\(name)")
      }
    }
    // The paper's text reports only these of the figures.
    let stages = try Recipe.fig6.experiment.rows
    #expect(stages[0].paper[.hmdb51]?[.finetuning] == [47.0, 44.9, 43.1, 30.4])
    #expect(stages[0].paper[.ucf101]?[.finetuning] == [71.8, 71.6, 69.9, 64.5])
    #expect(stages.dropFirst().allSatisfy { $0.paper.isEmpty })
    let sides = try Recipe.fig7.experiment.rows
    #expect(
      sides.map { $0.paper[.ucf101]?[.pretraining]?[0] } == [73, nil, nil, 100]
        + [Double?](repeating: nil, count: 6) + [98.2])
  }

  /// A few hundred bytes that expand to a billion words.
  private var aliases: String {
    (1...9).reduce("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n") { text, level in
      let ten = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      return text + "a\(level): &a\(level) [\(ten)]\n"
    }
  }

  @Test func mistakesAreNamed() {
    let sound = "title: t\nmeasures: [finetuning]\nrows:\n  - name: a\n"
    #expect(complaint(sound) == "no error")
    for (yaml, words) in [
      ("", "mine.yaml: title is missing"),
      ("- a\n", "mine.yaml: it holds no keys and values"),
      ("title: [", "mine.yaml: "),
      ("measures: [finetuning]\nrows:\n  - name: a\n", "mine.yaml: title is missing"),
      (sound + "colour: red\n", "colour is not a key of a recipe"),
      (sound + "    shots: 3\n", "rows.shots is not a key of a recipe"),
      (sound + "order: rows\n", "order must be one of seeds, series"),
      (sound + "reference: b\n", "reference must be the name of a row, not b"),
      (sound + "    preset: tiny-finetune\n", "rows.preset must be a preset of a pre-training"),
      (
        sound + "    length: {pretraining: 9, pretraining_budget: 9}\n",
        "rows.length.pretraining_budget and another key both set the length"
      ),
      (
        sound + "    length: {pretraining_budget: {clips: 9}}\n",
        "rows.length.pretraining_budget must be a number of clips, or {clips: N, of: NETWORK}"
      ),
      (
        sound + "    length: {pretraining_budget: {clips: 9, of: vgg}}\n",
        "rows.length.pretraining_budget.of must be one of r2d3d-18,"
      ),
      ("title: t\nmeasures: [speed]\nrows:\n  - name: a\n", "measures must be one of pretraining,"),
      ("title: t\nmeasures: [finetuning]\nrows: []\n", "rows must be a list of at least one"),
      (sound + "    start: nowhere\n", "rows.start must be one of pretrained, scratch"),
      (
        sound + "    paper: {hmdb51: {finetuning: [1, 2]}}\n",
        "rows.paper.hmdb51.finetuning must be 1 numbers"
      ),
      (
        sound + "    finetuning: {model: {width: 8}}\n",
        "rows.finetuning.model.width cannot be set: it equals pretraining.model.width; set that instead"
      ),
      (
        sound + "    finetuning: {model.width: 8}\n",
        "rows.finetuning.model.width cannot be set: it equals pretraining.model.width; set that instead"
      ),
      (
        sound + "    tiny: {pretraining: {seed: 3}}\n",
        "seed cannot be set: it follows from --repeats"
      ),
      (sound + "    scratch: {tiny: {start: scratch}}\n", "scratch.tiny is not a key of a recipe"),
      (
        sound + "    scratch: {start: scratch}\n",
        "scratch.start cannot be set: scratch applies only"
      ),
      (sound + "    finetuning: {dataset: {split: 2}}\n", "split cannot be set: it is --split"),
      (sound + "    length: {finetuning: 0}\n", "rows.length.finetuning must be a whole number"),
      (
        sound + "    length: {finetuning: 9}\n    finetuning: {epochs: 2}\n",
        "rows.finetuning.epochs and length.finetuning both set the length"
      ),
      (sound + "    paper: {hmdb51: {finetuning: .nan}}\n", "finetuning must be a number"),
      (aliases, "it is too long"),
    ] {
      let told = complaint(yaml)
      #expect(told.contains(words) && !told.contains("\n"), "\(yaml) -> \(told)")
    }
  }
}
