import ArgumentParser
import Foundation
import Pretext
import SafeFiles
import Torch
import Training

struct Clips: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Streams the clips of a pre-training to another program.",
    usage: "mosi clips [--sources <path> ...] [<options>] | <program>",
    discussion: """
      Writes the clips and labels of a pre-training to stdout, for training loops in other programs. They are the ones that \
      mosi pretrain trains on with the same options, bit for bit and in the same order. In Python, mosi.PseudoMotion reads \
      them.

      The stream starts with a line of JSON: format, class_names, normalization, batches and total_batches. Each batch is a \
      line of JSON (batch, step, shape, labels), followed by the bytes of its clips: normalized float32, little-endian, with \
      the axes [clips, frames, height, width, channels]. The stream ends with the line {"end":true}.

      Examples:
        mosi clips --sources photos/ --config tiny | my-training
        # Batches 1, 5, 9, ..., for the second of four readers:
        mosi clips --sources photos/ --first 1 --every 4 | my-training
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("Number of passes over the sources.", valueName: "number"))
  var epochs: Int?

  @Option(help: ArgumentHelp("The first batch to write, from 0.", valueName: "number"))
  var first = 0

  @Option(
    help: ArgumentHelp(
      "Write every N-th batch, for N readers that share the batches.", valueName: "n"))
  var every = 1

  @OptionGroup var threads: WorkersOption

  func validate() throws {
    guard first >= 0 else { throw ValidationError("--first must not be negative") }
    guard every >= 1 else { throw ValidationError("--every must be at least 1") }
  }

  /// The first line of a stream.
  private struct Header: Encodable {
    let format = "mosi-clips-1"
    let version = Version.text
    let classNames: [String]
    let normalization: Normalization
    let batches: Int
    let totalBatches: Int

    struct Normalization: Encodable {
      let mean: [Double]
      let std: [Double]
    }
  }

  /// The line before a batch's bytes.
  private struct BatchLine: Encodable {
    let batch: Int
    let step: Int
    let shape: [Int]
    let labels: [Int]
  }

  func run() throws {
    guard isatty(STDOUT_FILENO) == 0 else {
      throw ValidationError("clips are binary: redirect stdout to a program or a file")
    }
    let configuration = try options.resolved { if let epochs { $0.epochs = epochs } }
    options.noticeIgnored(configuration)
    let clips = try PretrainingClips(
      configuration, first: first, stride: every, workers: threads.value, note: Terminal.line,
      warn: Terminal.warn)
    do {
      let normalization = configuration.normalization
      try write(
        Header(
          classNames: clips.classNames,
          normalization: .init(mean: normalization.mean, std: normalization.std),
          batches: clips.count, totalBatches: clips.totalCount))
      while let batch = try clips.next() {
        // The order in memory: channels last.
        let pixels = batch.labeled.clips.permuted([0, 2, 3, 4, 1])
        try write(
          BatchLine(
            batch: batch.index, step: batch.step, shape: pixels.shape,
            labels: batch.labeled.labels.array(of: Int.self)))
        try pixels.array(of: Float.self).withUnsafeBytes(write)
      }
      try write(["end": true])
    } catch is ReaderLeft {
      return
    }
  }

  private func write(_ line: some Encodable) throws {
    try (JSON.lineEncoder.encode(line) + Data("\n".utf8)).withUnsafeBytes(write)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Foundation.write(
        STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno == EPIPE {
        throw ReaderLeft()
      } else if errno != EINTR {
        throw FileError(path: "the clips", attempt: "cannot write")
      }
    }
  }

  /// The reader closed the stream, which is not an error.
  private struct ReaderLeft: Error {}
}
