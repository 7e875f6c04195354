import ArgumentParser
import SafeFiles
import Training
import VideoData

struct Retrieve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures features by nearest-neighbor retrieval, without fine-tuning.",
    discussion: """
      A test video counts as found if one of its k nearest training videos has its class. The distance is the cosine of their \
      features (the pooled output of conv5, averaged over the clips). Videos that cannot be read count as missed.

      Examples:
        mosi retrieve --weights pretrained --dataset ucf101 --data-root UCF-101 \\
          --splits ucfTrainTestlist
        mosi retrieve --weights pretrained --dataset folders --data-root mine/ \\
          --interval 2 --json
      """)

  @OptionGroup var network: NetworkOption

  @OptionGroup var data: DatasetOptions

  @OptionGroup var options: InferenceOptions

  @OptionGroup var together: ProcessOptions

  @OptionGroup var format: JSONOption

  func validate() throws { try data.requireOneSplit() }

  func run() throws { try together.run(options.machine, run) }

  private func run(_ execution: ExecutionOptions) throws {
    let weights = try network.read()
    let settings = try data.settings(over: weights.finetuning?.dataset)
    let dataset = try ActionDataset(settings.description)
    let training = dataset.videos(of: .training)
    let test = dataset.videos(of: dataset.evaluationSubset)
    for (videos, subset) in [(training, Subset.training), (test, dataset.evaluationSubset)] {
      try VideosMissing.check(videos, subset: subset, folder: settings.description.videos)
    }
    dataset.present.findings.forEach(Terminal.tell)
    let inference = try options.inference(weights, on: execution)
    let progress = ProgressLine(
      label: "reading", total: training.count + test.count, unit: "videos")
    let retrieval: Retrieval
    do {
      defer { progress.finish() }
      retrieval = try Retrieval(
        training: training, test: test, classNames: dataset.classNames, with: inference,
        progress: progress.update)
    }
    for name in retrieval.unusableTrainingVideos {
      Terminal.warn("skipped as a neighbor: \(name) cannot be read")
    }
    for match in retrieval.matches where match.nearest == nil {
      Terminal.warn("counted as missed: \(match.name) \(match.failure ?? "")")
    }
    if format.json { return print(try JSON.text(retrieval)) }
    print(
      "\(Format.grouped(test.count)) test videos, searched among \(Format.grouped(training.count)) training videos, chance "
        + Format.percent(retrieval.chance) + " at k = 1\n")
    var table = TextTable("k", "top-k")
    for accuracy in retrieval.accuracies {
      table.add("\(accuracy.k)", Format.percent(accuracy.accuracy))
    }
    print(table.text())
  }
}
