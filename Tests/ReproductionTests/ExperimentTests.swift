import Foundation
import Reproduction
import Testing

@Suite struct ExperimentTests {
  private func experiment(_ yaml: String) throws -> Experiment {
    try Experiment(yaml: yaml, name: "mine", origin: "mine.yaml")
  }

  private func complaint(_ yaml: String) -> String {
    do {
      _ = try experiment(yaml)
      return ""
    } catch { return "\(error)" }
  }

  @Test(arguments: Recipe.allCases) func recipesAreSound(recipe: Recipe) throws {
    let experiment = try recipe.experiment
    #expect(!experiment.title.isEmpty && !experiment.question.isEmpty)
    #expect(recipe.text.hasPrefix("# "))
    // The header tells what to type.
    #expect(recipe.text.contains("mosi reproduce \(recipe.rawValue) "))
    let names = experiment.rows.map(\.name)
    #expect(Set(names).count == names.count)
    // A chart needs an axis, and an axis places.
    #expect(experiment.axis.isEmpty == experiment.rows.filter { $0.position != nil }.isEmpty)
  }

  /// Of the paper's table 1, 2 and 3, as they stand there.
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
    let speeds = try Recipe.table2ab.experiment
    #expect(
      speeds.rows.map { $0.paper[.ucf101]?[.pretraining] } == [[81.4], [98.2], [99.1], [99.4]])
  }

  @Test func mistakesAreNamed() {
    let sound = "title: t\nmeasures: [finetuning]\nrows:\n  - name: a\n"
    #expect(complaint(sound) == "")
    for (yaml, words) in [
      ("", "mine.yaml: it holds no keys and values"),
      ("title: [", "mine.yaml: "),
      ("measures: [finetuning]\nrows:\n  - name: a\n", "mine.yaml: title is missing"),
      (sound + "colour: red\n", "colour is no key of a recipe"),
      (sound + "    shots: 3\n", "rows.shots is no key of a recipe"),
      ("title: t\nmeasures: [speed]\nrows:\n  - name: a\n", "measures must be one of pretraining,"),
      ("title: t\nmeasures: [finetuning]\nrows: []\n", "rows must be a list of at least one"),
      (sound + "    start: nowhere\n", "rows.start must be one of pretrained, scratch"),
      (
        sound + "    paper: {hmdb51: {finetuning: [1, 2]}}\n",
        "rows.paper.hmdb51.finetuning must be 1 numbers"
      ),
      (
        sound + "    finetuning: {model: {width: 8}}\n",
        "rows.finetuning.model.width cannot be set: it is pretraining.model.width: say it there"
      ),
      (
        sound + "    tiny: {pretraining: {seed: 3}}\n",
        "seed cannot be set: it follows from --seeds"
      ),
      (sound + "    finetuning: {dataset: {split: 2}}\n", "split cannot be set: it is --split"),
      (sound + "    length: {finetuning: 0}\n", "rows.length.finetuning must be a whole number"),
    ] {
      let told = complaint(yaml)
      #expect(told.contains(words) && !told.contains("\n"), "\(yaml) -> \(told)")
    }
  }
}
