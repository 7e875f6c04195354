import Configuration
import Foundation
import TestSupport
import Testing
import Torch
import Training

@Suite struct ClipsTests {
  let folder: ScratchFolder
  let tool: Tool
  private let options = ["--sources", "synthetic:dead-leaves:9", "--epochs", "2"] + tiny

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  /// Runs `mosi clips`, writes its output to a file and parses it.
  private func stream(_ arguments: [String]) throws -> (
    header: [String: Any], batches: [(line: [String: Any], bytes: Data)], end: [String: Any]
  ) {
    let quoted = (options + arguments).map { "'\($0)'" }.joined(separator: " ")
    let result = try tool.shell("\"$MOSI\" clips \(quoted) > clips.bin")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    var rest = try folder.bytes("clips.bin")[...]
    func line() throws -> [String: Any] {
      let end = try #require(rest.firstIndex(of: UInt8(ascii: "\n")))
      defer { rest = rest[(end + 1)...] }
      return try #require(JSONSerialization.jsonObject(with: rest[..<end]) as? [String: Any])
    }
    let header = try line()
    var batches: [(line: [String: Any], bytes: Data)] = []
    while true {
      let next = try line()
      guard let shape = next["shape"] as? [Int] else {
        #expect(rest.isEmpty)
        return (header, batches, next)
      }
      let size = shape.reduce(4, *)
      try #require(rest.count >= size)
      batches.append((next, Data(rest.prefix(size))))
      rest = rest.dropFirst(size)
    }
  }

  @Test func theStreamHoldsTheLibrarysClips() throws {
    let found = try stream(["--first", "1", "--every", "2", "--seed", "5"])
    var configuration = try PretrainingConfiguration(
      file: nil, settings: tiny.filter { $0 != "--set" })
    configuration.sources.paths = ["synthetic:dead-leaves:9"]
    configuration.epochs = 2
    configuration.seed = 5
    let clips = try PretrainingClips(configuration, first: 1, stride: 2, workers: 1)
    #expect(found.header["format"] as? String == "mosi-clips-1")
    #expect(found.header["class_names"] as? [String] == clips.classNames)
    #expect(found.header["batches"] as? Int == clips.count)
    #expect(found.header["total_batches"] as? Int == clips.totalCount)
    #expect(found.end["end"] as? Bool == true)
    try #require(found.batches.count == clips.count && clips.count > 1)
    for (line, bytes) in found.batches {
      let batch = try #require(try clips.next())
      let pixels = batch.labeled.clips.permuted([0, 2, 3, 4, 1])
      #expect(line["batch"] as? Int == batch.index && line["step"] as? Int == batch.step)
      #expect(line["labels"] as? [Int] == batch.labeled.labels.array(of: Int.self))
      #expect(line["shape"] as? [Int] == pixels.shape)
      #expect(bytes == pixels.array(of: Float.self).withUnsafeBytes { Data($0) })
    }
  }

  /// A reader that closes the pipe is not an error.
  @Test func aClosedPipeEndsItQuietly() throws {
    let quoted = options.map { "'\($0)'" }.joined(separator: " ")
    let result = try tool.shell(
      "{ \"$MOSI\" clips \(quoted) --epochs 10000; echo $? > status; } | head -c 5000 > /dev/null")
    #expect(result.errors.isEmpty, "\(result.errors)")
    #expect(try folder.bytes("status") == Data("0\n".utf8))
  }

  @Test func unstreamableClipsAreRejected() throws {
    for (arguments, status, text) in [
      (["--first=-1"], 2, "--first must not be negative"),
      (["--every=0"], 2, "--every must be at least 1"),
      (["--set", "batch.sources=100"], 1, "do not fill a step"),
    ] as [([String], Int32, String)] {
      let result = try tool.run(["clips"] + options + arguments)
      #expect(result.status == status && result.errors.contains(text), "\(result.errors)")
      #expect(result.output.isEmpty)
    }
  }
}
