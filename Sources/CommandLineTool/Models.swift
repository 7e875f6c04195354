import ArgumentParser
import Foundation
import SafeFiles
import VideoModels

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the networks with their parameters and costs.",
    usage: "mosi models [<options>]",
    discussion: """
      The cost is that of one forward pass of a clip; a multiply-add counts as two operations. Training costs about three \
      times as much.
      """
  )

  @Option(
    help: ArgumentHelp("The channels of conv1, or of a transformer's head.", valueName: "number"))
  var width = 64

  @Option(help: ArgumentHelp("The classes of the head.", valueName: "number"))
  var classes = 9

  @Option(help: ArgumentHelp("The frames of a clip.", valueName: "number"))
  var frames = 16

  @Option(help: ArgumentHelp("The side of a frame in pixels.", valueName: "pixels"))
  var size = 112

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for (name, value, range) in [
      ("--width", width, 1...1024), ("--classes", classes, 1...100_000),
      ("--frames", frames, 1...1024), ("--size", size, 8...4096),
    ] where !range.contains(value) {
      throw ValidationError("\(name) must be from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  func run() throws {
    struct Row: Encodable {
      let architecture: String
      let parameters: Int
      /// Nil if the network needs larger clips.
      let gflop: Double?
    }
    let rows = Architecture.allCases.map { architecture in
      let least = architecture.minimalClip
      let side = max(size, least.height, least.width)
      let cost = architecture.cost(
        width: width, classes: classes, frames: max(frames, least.time), height: side,
        clipWidth: side)
      return Row(
        architecture: architecture.rawValue, parameters: cost.parameters,
        gflop: frames < least.time || size < side ? nil : Double(cost.operations) / 1e9)
    }
    if json { return print(try JSON.text(rows)) }
    var table = TextTable("architecture", "parameters", "GFLOP a clip")
    for row in rows {
      table.add(
        row.architecture, Format.grouped(row.parameters),
        row.gflop.map { Format.number($0, 2) } ?? "clip too small")
    }
    print("width \(width), \(classes) classes, clips of \(frames)x\(size)x\(size)\n")
    print(table.text())
  }
}
