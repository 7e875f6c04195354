import ArgumentParser
import SafeFiles
import VideoData

extension Datasets {
  struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Packs pictures and videos into shards: tar files.",
      usage: """
        mosi datasets pack <sources> ... --output <dir> [<options>]
        mosi datasets pack --dataset <format> --data-root <dir>
          --output <dir> [<options>]
        """,
      discussion: """
        Millions of small files are slow to list, copy and open; shards are a few large ones. mosi reads them like files, with \
        the same results, and so does the library WebDataset. Files go in unchanged and in order; equal sources give equal \
        shards.

        A dataset gets a series of shards for each subset, with the number of the class of each video. Fine-tune on them with \
        --dataset shards --data-root DIR.

        Examples:
          mosi datasets pack photos/ --output shards
          mosi pretrain --sources shards/ --output run
          mosi datasets pack --dataset ucf101 --data-root UCF-101 \\
            --splits lists --output ucf
        """)

    @Argument(
      help: ArgumentHelp(
        "Folders, pictures, videos, lists and shards, as --sources of mosi pretrain.",
        valueName: "sources"))
    var sources: [String] = []

    @Option(help: ArgumentHelp("The folder to create.", valueName: "dir"))
    var output: String

    @Option(
      help: ArgumentHelp(
        "The largest size of a shard: a number with MB, GB, MiB or GiB. Default: 1GB.",
        valueName: "size"))
    var shardSize: ByteSize?

    @Option(
      help: ArgumentHelp(
        "The number of pictures or videos in a shard, in place of a size.", valueName: "number"))
    var perShard: Int?

    @OptionGroup var dataset: DatasetOptions

    @OptionGroup var format: JSONOption

    private var isDataset: Bool { sources.isEmpty }

    func validate() throws {
      try dataset.requireOneSplit()
      guard shardSize == nil || perShard == nil else {
        throw ValidationError("give either --shard-size or --per-shard")
      }
      if let perShard, perShard < 1 {
        throw ValidationError("--per-shard must be at least 1, not \(perShard)")
      }
      guard sources.isEmpty != (dataset.dataset == nil) else {
        throw ValidationError("name either sources or a dataset (--dataset and --data-root)")
      }
    }

    func run() throws {
      InterruptSignal.listen()
      try requireOutput(output, outside: sources)
      let limit: ShardPacking.Limit =
        perShard.map { .samples($0) } ?? .bytes(shardSize?.bytes ?? 1_000_000_000)
      let packing = ShardPacking(into: output, limit: limit)
      let summary = try isDataset ? packDataset(packing) : packSources(packing)
      if format.json { return print(try JSON.text(summary)) }
      print(
        "\(output.printable): \(Format.count(summary.samples, isDataset ? "video" : "file")) in "
          + "\(Format.count(summary.shardCount, "shard")), \(Format.grouped(summary.bytes)) bytes: "
          + summary.shards.joined(separator: ", "))
    }

    private func packSources(_ packing: ShardPacking) throws -> ShardPacking.Summary {
      let collection = try SourceCollection(paths: sources)
      for problem in collection.problems { Terminal.warn("\(problem.path) \(problem.reason)") }
      for remark in collection.remarks { Terminal.line(remark) }
      return try withProgress(of: collection.sources.count, "files") { progress in
        try packing.pack(collection.sources, warn: Terminal.warn, progress: progress)
      }
    }

    private func packDataset(_ packing: ShardPacking) throws -> ShardPacking.Summary {
      let settings = try dataset.settings()
      try settings.requireOutput(output)
      let all = try ActionDataset(settings.description)
      for finding in all.findings { Terminal.tell(finding) }
      let present = all.present
      let absent = all.videos.count - present.videos.count
      if absent > 0 {
        Terminal.warn(
          "\(Format.grouped(absent)) of \(Format.grouped(all.videos.count)) videos are absent")
      }
      return try withProgress(of: present.videos.count, "videos") { progress in
        try packing.pack(present, warn: Terminal.warn, progress: progress)
      }
    }

    private func withProgress(
      of total: Int, _ unit: String,
      _ body: (_ progress: (Int) throws -> Void) throws -> ShardPacking.Summary
    ) throws -> ShardPacking.Summary {
      let line = ProgressLine(label: "packing", total: total, unit: unit)
      defer { line.finish() }
      return try body { done in
        if InterruptSignal.isPending {
          throw Interrupted(
            description: "stopped before all was packed: nothing is left of the shards")
        }
        line.update(done)
      }
    }
  }
}

/// A size as `1GB`, `500MB` or `2GiB`.
struct ByteSize: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let units: KeyValuePairs = [
      "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000, "KiB": 1 << 10,
      "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]
    guard let unit = units.first(where: { argument.lowercased().hasSuffix($0.key.lowercased()) }),
      let number = Double(argument.dropLast(unit.key.count)), (1e-3...1e6).contains(number)
    else { return nil }
    bytes = Int(number * Double(unit.value))
  }
}
