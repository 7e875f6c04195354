import ArgumentParser
import SafeFiles
import Training
import VideoData

struct Retrieve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures features by nearest-neighbour retrieval, without fine-tuning.",
    discussion: """
      A test video counts when one of its k nearest training videos, by the cosine of their features (the pooled output \
      of conv5, averaged over the clips), has its class. Videos that cannot be read count as missed.

      Examples:
        mosi retrieve --weights pretrained --dataset ucf101 --videos UCF-101 \\
          --splits ucfTrainTestlist
        mosi retrieve --weights pretrained --dataset folders --videos mine/ \\
          --interval 2 --json
      """)

  @Option(
    help: ArgumentHelp("A run's folder or a checkpoint, fine-tuned or not.", valueName: "run|file"))
  var weights: String

  @OptionGroup var data: DatasetOptions

  @OptionGroup var options: InferenceOptions

  @Flag(help: "Print the result as JSON, with every video's nearest.")
  var json = false

  func validate() throws { try data.requireOneSplit() }

  func run() throws {
    let weights = try Weights(at: weights)
    let settings = try data.settings(over: weights.finetuning?.dataset)
    let dataset = try ActionDataset(settings.description)
    let training = dataset.videos(of: .training)
    let test = dataset.videos(of: dataset.evaluationSubset)
    guard !training.isEmpty, !test.isEmpty else {
      throw ValidationError(
        "retrieval wants training videos and test videos; one of them is not listed")
    }
    for videos in [training, test] where videos.allSatisfy({ $0.footage == nil }) {
      throw VideosMissing(count: videos.count, folder: try settings.description.videos)
    }
    let inference = try options.inference(weights)
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
      Terminal.warn("no neighbour: \(name) cannot be read")
    }
    for match in retrieval.matches where match.nearest == nil {
      Terminal.warn("counted as missed: \(match.name) \(match.failure ?? "")")
    }
    if json { return print(try JSON.text(retrieval)) }
    print(
      "\(grouped(test.count)) videos searched for among \(grouped(training.count)), chance "
        + percent(retrieval.chance) + " at k = 1\n")
    var table = TextTable("k", "top-k")
    for accuracy in retrieval.accuracies { table.add("\(accuracy.k)", percent(accuracy.accuracy)) }
    print(table.text())
  }
}
