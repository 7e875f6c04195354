import Foundation
import SwiftProtobuf
import TensorBoard
import TestSupport
import Testing

@Suite struct EventWriterTests {
  @Test func checksumsMatchKnownVectors() {
    // The first is the check value in the catalog of CRCs, the others are from RFC 3720.
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum([UInt8](0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
    // TensorFlow's own event files begin with the length 24 and then "\xa3\x7fK\"".
    #expect(CRC32C.masked([0x18, 0, 0, 0, 0, 0, 0, 0]) == 0x224B_7FA3)
  }

  @Test func eventsCanBeReadFromTheFile() throws {
    try withScratchFolder { path in
      let begin = Date().timeIntervalSince1970
      let writer = try EventWriter(folder: path + "/new/run")
      #expect(writer.file.hasPrefix(path + "/new/run/" + "events.out.tfevents."))
      try writer.scalar("loss/train", 0.5, step: 3)
      try writer.image("clip", png: Data([1, 2, 3]), width: 7, height: 5, step: 4)
      try writer.markRestart(step: 1 << 40)
      try writer.close()
      try writer.close()

      let events = try events(in: writer.file)
      try #require(events.count == 5)
      #expect(events[0].fileVersion == "brain.Event:2")
      #expect(events[1].step == 3)
      // Allow a minute for a clock that is set during the test.
      let end = Date().timeIntervalSince1970
      #expect((begin - 60...end + 60).contains(events[1].wallTime))
      #expect(events[1].summary.value[0].tag == "loss/train")
      #expect(events[1].summary.value[0].simpleValue == 0.5)
      let image = events[2].summary.value[0].image
      #expect(image.width == 7 && image.height == 5 && image.colorspace == 3)
      #expect(image.encodedImageString == Data([1, 2, 3]))
      for event in events[3...] {
        #expect(event.sessionLog.status == .start && event.step == 1 << 40)
      }
      #expect(throws: EventFileError.closed(path: writer.file)) {
        try writer.scalar("loss", 1, step: 5)
      }
    }
  }

  /// TensorBoard reads the files in the order of their names, whatever the clock says when a run is resumed.
  @Test func aFileComesAfterTheOlderOnes() throws {
    try withScratchFolder { path in
      let older = path + "/events.out.tfevents.9999999997.host.000000.1"
      try Data().write(to: URL(fileURLWithPath: older))
      #expect(
        try EventWriter(folder: path).file.hasPrefix(path + "/events.out.tfevents.9999999998."))
    }
  }

  @Test func flushMakesEventsVisibleWhileTrainingGoesOn() throws {
    try withScratchFolder { path in
      let writer = try EventWriter(folder: path)
      for step in 1...2 {
        try writer.scalar("loss", 1, step: step)
        try writer.flush()
        #expect(try events(in: writer.file).count == 1 + step)
      }
    }
  }

  @Test func histogramsCountEveryFiniteValue() throws {
    try withScratchFolder { path in
      let writer = try EventWriter(folder: path)
      let values = (0..<1000).map { Float($0 * $0 % 997) / 100 - 3 }
      try writer.histogram("spread", values: values + [.nan, .infinity], step: 0)
      try writer.histogram("constant", values: [2, 2, 2], step: 0)
      try writer.histogram("extreme", values: [-.greatestFiniteMagnitude, 0.5e38], step: 0)
      try writer.histogram("none", values: [.nan], step: 0)
      try writer.close()

      let found = try events(in: writer.file).dropFirst().map { $0.summary.value[0].histo }
      try #require(found.count == 3)
      let counts: [Double] = [1000, 3, 2]
      for (histogram, count) in zip(found, counts) {
        #expect(histogram.num == count)
        #expect(histogram.bucket.reduce(0, +) == count)
        #expect(histogram.bucket.count == histogram.bucketLimit.count)
        #expect(histogram.bucketLimit == histogram.bucketLimit.sorted())
        #expect(histogram.bucketLimit.last == histogram.max)
        #expect(histogram.bucketLimit[0] >= histogram.min)
      }
      #expect(found[0].min == Double(values.min()!) && found[0].max == Double(values.max()!))
      #expect(abs(found[0].sum - values.map { Double($0) }.reduce(0, +)) < 1e-6)
      // Each bucket counts exactly the values between its limits.
      let below = values.filter { Double($0) < found[0].bucketLimit[9] }.count
      #expect(found[0].bucket[...9].reduce(0, +) == Double(below))
      #expect(found[1].min == 2 && found[1].max == 2 && found[1].sumSquares == 12)
    }
  }

  @Test func anUnwritableFolderIsReported() throws {
    try withScratchFolder { path in
      let file = path + "/file"
      try Data("x".utf8).write(to: URL(fileURLWithPath: file))
      let error = #expect(throws: EventFileError.self) {
        try EventWriter(folder: file + "/run")
      }
      let text = try #require(error?.description)
      #expect(text.contains(file) && text.contains("Choose a folder"), "\(text)")
    }
  }

  /// In a separate process whose files cannot exceed 4 kB: a disk that is temporarily full.
  @Test func aFullDiskThrowsAndLosesNothing() async {
    await #expect(processExitsWith: .success) {
      try withScratchFolder { path in
        _ = signal(SIGXFSZ, SIG_IGN)
        let writer = try EventWriter(folder: path)
        try limitFiles(to: 4096)
        for step in 0..<1000 { try writer.scalar("loss", Float(step), step: step) }
        for _ in 0..<2 {
          do {
            try writer.flush()
            fatalError("the write was not refused")
          } catch EventFileError.cannotWrite(let path, let reason) {
            precondition(path == writer.file && !reason.isEmpty)
          }
          let whole = try events(in: writer.file).count
          precondition(whole == 1)
        }
        try limitFiles(to: nil)
        try writer.close()
        let steps = try events(in: writer.file).dropFirst().map { Int($0.step) }
        precondition(steps == Array(0..<1000))
      }
    }
  }

  @Test(
    .enabled(
      if: tensorBoardPython != nil,
      "MOSI_TENSORBOARD_PYTHON names no Python interpreter that has tensorboard"))
  func tensorBoardReadsIt() throws {
    try withScratchFolder { path in
      let png = try #require(Data(base64Encoded: onePixelPNG))
      var writer = try EventWriter(folder: path)
      for step in 0..<10 { try writer.scalar("loss", 1 / Float(step + 1), step: step) }
      try writer.image("clip", png: png, width: 1, height: 1, step: 2)
      try writer.histogram("weights", values: [-1, 0, 0, 3], step: 2)
      try writer.close()
      // Stopped after step 9, resumed from the checkpoint of step 6.
      writer = try EventWriter(folder: path)
      try writer.markRestart(step: 6)
      for step in 6..<8 { try writer.scalar("loss", 100 + Float(step), step: step) }
      try writer.close()

      let found = try readWithTensorBoard(path)
      let loss = try #require(found.scalars["loss"])
      #expect(loss.map(\.step) == Array(0..<8))
      let values: [Float] = [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 106, 107]
      #expect(loss.map(\.value) == values)
      #expect(found.shown["loss"] == Array(0..<8))
      let clip = try #require(found.images["clip"]?.first)
      #expect(clip.step == 2 && clip.width == 1 && clip.height == 1)
      #expect(clip.png == onePixelPNG)
      let weights = try #require(found.histograms["weights"]?.first)
      #expect(weights.step == 2)
      #expect(weights.min == -1 && weights.max == 3 && weights.num == 4)
      #expect(weights.buckets.count == 64 && weights.limits.last == 3)
      #expect(weights.buckets.reduce(0, +) == 4 && weights.buckets[16] == 2)
    }
  }
}

private let tensorBoardPython = ProcessInfo.processInfo.environment["MOSI_TENSORBOARD_PYTHON"]

private let onePixelPNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"

/// The output of `read_events.py`.
private struct Found: Decodable {
  struct Scalar: Decodable {
    let step: Int
    let value: Float
  }
  struct Image: Decodable {
    let step: Int
    let width: Int
    let height: Int
    let png: String
  }
  struct Histogram: Decodable {
    let step: Int
    let min: Double
    let max: Double
    let num: Double
    let limits: [Double]
    let buckets: [Double]
  }
  let shown: [String: [Int]]
  let scalars: [String: [Scalar]]
  let images: [String: [Image]]
  let histograms: [String: [Histogram]]
}

private func readWithTensorBoard(_ folder: String) throws -> Found {
  let found = try output(
    of: #require(tensorBoardPython),
    [repository + "/Tests/TensorBoardTests/read_events.py", folder])
  return try JSONDecoder().decode(Found.self, from: found)
}

/// Limits the size of this process's files in bytes, or removes the limit.
private func limitFiles(to bytes: UInt?) throws {
  #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
  #else
    let resource = RLIMIT_FSIZE
  #endif
  var limit = rlimit()
  try #require(getrlimit(resource, &limit) == 0)
  limit.rlim_cur = bytes.map { rlim_t($0) } ?? limit.rlim_max
  try #require(setrlimit(resource, &limit) == 0)
}

/// The events of a file, after checking all lengths and checksums.
private func events(in file: String) throws -> [TBEvent] {
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
  func number(_ range: Range<Int>) -> Int {
    bytes[range].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
  var events: [TBEvent] = []
  var start = 0
  while start < bytes.count {
    let payload = start + 12
    try #require(payload <= bytes.count)
    try #require(number(start + 8..<payload) == Int(CRC32C.masked(bytes[start..<start + 8])))
    let end = payload + number(start..<start + 8)
    try #require(end + 4 <= bytes.count)
    try #require(number(end..<end + 4) == Int(CRC32C.masked(bytes[payload..<end])))
    events.append(try TBEvent(serializedBytes: Array(bytes[payload..<end])))
    start = end + 4
  }
  return events
}
