import Configuration
import Foundation
import Media
import TestSupport
import Testing
import Torch
import Training

@Suite struct PretrainTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  private func pretrain(_ sources: String..., more: [String] = []) throws -> Tool.Result {
    try tool.run(["pretrain", "--output", "r", "--sources"] + sources + tiny + more)
  }

  private func metrics(_ name: String = "r") throws -> [[String: Any]] {
    try jsonLines(folder.bytes(name + "/metrics.jsonl"))
  }

  // MARK: The files of a run

  @Test func recordsAreWhatTheyPromise() throws {
    let result = try pretrain("synthetic:dead-leaves:12", more: ["--epochs", "2"])
    #expect(result.status == 0, "\(result.errors)")
    // Results are on stdout, progress is on stderr, and there are no terminal codes outside a terminal.
    #expect(result.output.contains("last.safetensors") && !result.output.contains("step 1/"))
    #expect(result.errors.contains("clips/s") && result.errors.contains("epoch 2: "))
    #expect(!(result.output + result.errors).contains("\u{1B}"))
    #expect(!result.errors.contains("\r"))
    let lines = try metrics()
    #expect(
      lines.map { $0["event"] as? String } == [
        "step", "step", "validation", "step", "step", "validation", "summary",
      ])
    for line in lines {
      #expect(line["step"] is Int && line["epoch"] is Int && line["loss"] is Double)
      let top1 = line["top1"] as? Double ?? -1
      #expect((0...1).contains(top1))
      switch line["event"] as? String {
      case "validation":
        let labels = line["top1_per_label"] as? [String: Double] ?? [:]
        #expect(labels.count == 9 && labels["left 2"] != nil && labels["static"] != nil)
      default: #expect((line["clips_per_second"] as? Double ?? 0) > 0)
      }
    }
    #expect(lines.last?["skipped_sources"] as? Int == 0)
    #expect(try Picture(contentsOf: folder.path + "/r/preview.png").width > 100)
  }

  @Test func resultsAsJSON() throws {
    let result = try pretrain(
      "synthetic:dead-leaves:4", more: ["--epochs", "1", "--validation-fraction", "0", "--json"])
    let found =
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
    #expect((found["summary"] as? [String: Any])?["step"] as? Int == 1)
    #expect(found["checkpoint"] as? String == "r/last.safetensors")
  }

  /// A single source is trained on; none is left for validation.
  @Test func oneSourceIsEnough() throws {
    try folder.picture(1).writePNG(to: folder.file("one.png"))
    let result = try pretrain(
      "one.png",
      more: ["--epochs", "2", "--set", "batch.sources=1", "--set", "batch.accumulation=1"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try metrics().last?["validation_sources"] as? Int == 0)
  }

  // MARK: Cost

  /// Without a GPU, the paper's configuration takes weeks, which users should know before the first step.
  @Test func longTrainingsAreReportedBeforeTheFirstStep() throws {
    let started = try tool.start(
      Tool.path,
      [
        "pretrain", "--sources", "synthetic:dead-leaves:2000", "--output", "r", "--device", "cpu",
      ])
    func errors() -> String {
      (try? String(contentsOfFile: started.errors, encoding: .utf8)) ?? ""
    }
    tool.wait(for: started) { errors().contains("sources to train on") }
    kill(started.process.processIdentifier, SIGKILL)
    let result = try tool.wait(for: started)
    let lines = result.errors.split(separator: "\n")
    #expect(
      lines.first?.hasPrefix("on this machine this training takes about ") == true,
      "\(result.errors)")
    #expect(!result.errors.contains("step 1/"))
    // A short training gets no notice.
    try FileManager.default.removeItem(atPath: folder.file("r"))
    let short = try pretrain("synthetic:dead-leaves:8", more: ["--epochs", "1"])
    #expect(short.status == 0 && !short.errors.contains("on this machine"), "\(short.errors)")
  }

  // MARK: Unreadable sources

  /// One of each common kind of unreadable file, among good ones.
  private func mixture() throws -> (bad: [String], good: Int) {
    for index in 0..<10 {
      try folder.picture(index).writePNG(to: folder.file("d/good\(index).png"))
    }
    // A photograph that is cut in the middle.
    let jpeg = try Data(contentsOf: URL(fileURLWithPath: Self.fixture("420.jpg")))
    try folder.write(jpeg.prefix(jpeg.count / 2), to: "d/torn.jpg")
    try folder.write("Dear diary", to: "d/text.jpg")
    try folder.write(Data(), to: "d/empty.png")
    try folder.picture(0, width: 1, height: 1).writePNG(to: folder.file("d/dot.png"))
    try folder.write(Self.wave(), to: "d/sound.mp4")
    // The index is at the beginning: the first frames of a video that is cut in the middle can be read.
    try MP4Writer.write(
      (0..<40).map { folder.picture($0 % 7, width: 64, height: 64) }, to: folder.file("d/cut.mp4"),
      framesPerSecond: 8, keyframeInterval: 8)
    let video = try folder.bytes("d/cut.mp4")
    try folder.write(video.prefix(video.count * 6 / 10), to: "d/cut.mp4")
    // Here, the index is at the end.
    try folder.write(video.prefix(60), to: "d/stump.mp4")
    try folder.write("good1.png\ngone.png\r\n# no\ngone.mp4\n", to: "d/list.txt")
    return (
      [
        "d/torn.jpg", "d/text.jpg", "d/empty.png", "d/dot.png", "d/sound.mp4", "d/stump.mp4",
        "d/gone.png", "d/gone.mp4",
      ], 11
    )
  }

  private static func fixture(_ name: String) -> String {
    repository + "/Tests/MediaTests/Fixtures/" + name
  }

  /// A second of silence: a sound file without a picture.
  private static func wave() -> Data {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let samples = 8000
    var data = Data("RIFF".utf8)
    data += little(36 + samples, 4)
    data += Data("WAVEfmt ".utf8)
    for (value, count) in [(16, 4), (1, 2), (1, 2), (8000, 4), (8000, 4), (1, 2), (8, 2)] {
      data += little(value, count)
    }
    data += Data("data".utf8)
    data += little(samples, 4)
    return data + Data(repeating: 128, count: samples)
  }

  @Test func badSourcesAreReportedOnceAndReplaced() throws {
    let (bad, good) = try mixture()
    let result = try pretrain(
      "d", "d/list.txt", more: ["--epochs", "3", "--validation-fraction", "0", "--workers", "4"])
    #expect(result.status == 0, "\(result.errors)")
    let warnings = result.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
    for path in bad {
      #expect(warnings.count { $0.contains(path) } == 1, "\(path) in \(warnings)")
    }
    let summary = try metrics().last ?? [:]
    #expect(summary["skipped_sources"] as? Int == warnings.count)
    #expect(summary["training_sources"] as? Int == good + bad.count)
    // Parts of the damaged photograph and of the dot may be readable; the other files are useless.
    #expect(warnings.count == bad.count, "\(warnings)")
    #expect(result.output.contains("skipped sources"))
  }

  @Test func unusableVideosGiveOneSentenceAndNoRun() throws {
    try folder.write("Dear diary", to: "d/text.jpg")
    try folder.write(Data(), to: "d/empty.png")
    for share in ["0", "0.5"] {
      let result = try pretrain(
        "d",
        more: [
          "--validation-fraction", share, "--set", "batch.sources=1", "--set",
          "batch.accumulation=1",
        ])
      #expect(result.status == 1)
      #expect(result.complaints.count == 1 && result.output.isEmpty, "\(result.errors)")
      #expect(
        result.errors.contains("can be used") || result.errors.contains("cannot be used"))
      #expect(!folder.exists("r"))
    }
  }

  @Test func unreadableFoldersAreReported() throws {
    try folder.picture(1).writePNG(to: folder.file("d/a.png"))
    try folder.picture(2).writePNG(to: folder.file("d/closed/b.png"))
    chmod(folder.path + "/d/closed", 0)
    chmod(folder.path, 0o777)
    defer { chmod(folder.path + "/d/closed", 0o755) }
    // root can read everything. Then let another user try.
    let prefix = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : ""
    guard try prefix.isEmpty || tool.shell("\(prefix)$MOSI doctor").status == 0 else { return }
    let result = try tool.shell(
      "\(prefix)$MOSI pretrain --sources d --output r --epochs 1 --set batch.sources=1 "
        + "--set batch.accumulation=1 " + tiny.prefix(8).joined(separator: " "))
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains("warning: d/closed is a folder that cannot be read: no permission"))
    #expect(try metrics().last?["skipped_sources"] as? Int == 1)
    let alone = try tool.shell("\(prefix)$MOSI preview --sources d/closed --output p")
    #expect(alone.status == 1 && alone.errors.contains("no permission to read it"))
  }

  // MARK: Mistakes

  @Test(arguments: [
    (["--set", "clip.size=64"], "clip.size"), (["--set", "clip.frames=0"], "clip.frames"),
    (["--set", "mask.ratio=[0.3, 1.5]"], "mask.ratio"),
    (["--set", "optimiser.kind=sgd"], "did you mean optimizer"),
    (["--config", "nowhere.yaml"], "nowhere.yaml"), (["--epochs", "0"], "epochs"),
    (["--seed=-1"], "seed"), (["--device", "cuda:99"], "no device cuda:99"),
    (["--validation-fraction", "1"], "validation_fraction"),
    (["--resume"], "no checkpoint to resume"),
    (["--validation-sources", "nowhere"], "nowhere does not exist"),
  ])
  func mistakesAreOneSentence(more: [String], text: String) throws {
    let result = try pretrain("synthetic:dead-leaves:12", more: more)
    #expect(result.status == 1)
    #expect(result.complaints.count == 1 && result.complaints[0].contains(text), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(!folder.exists("r"))
  }

  @Test func runsAreNotOverwritten() throws {
    let first = try pretrain("synthetic:dead-leaves:5", more: ["--epochs", "1"])
    #expect(first.status == 0)
    let before = try folder.contents(of: "r")
    let second = try pretrain("synthetic:dead-leaves:5", more: ["--epochs", "1"])
    #expect(second.status == 1 && second.complaints[0].contains("already contains a run"))
    #expect(try folder.contents(of: "r") == before)
    // Resuming a finished run shows the result again and changes nothing.
    let resumed = try tool.run("pretrain", "--output", "r", "--resume")
    #expect(resumed.status == 0 && resumed.output == first.output, "\(resumed.errors)")
    #expect(try folder.contents(of: "r") == before)
    let changed = try tool.run("pretrain", "--output", "r", "--resume", "--epochs", "2")
    #expect(changed.status == 1 && changed.complaints[0].contains("other settings (epochs)"))
    #expect(try folder.contents(of: "r") == before)
  }

  @Test func wrongCheckpointsAreRefused() throws {
    let stop = ["--epochs", "1", "--set", "model.width=3"]
    #expect(try pretrain("synthetic:dead-leaves:5", more: stop).status == 0)
    let other = try folder.bytes("r/last.safetensors")
    try FileManager.default.removeItem(atPath: folder.path + "/r")
    #expect(try pretrain("synthetic:dead-leaves:5", more: ["--epochs", "1"]).status == 0)
    let own = try folder.bytes("r/last.safetensors")
    // An earlier checkpoint would take the place of a damaged one.
    try FileManager.default.removeItem(atPath: folder.path + "/r/best.safetensors")
    for bad in [other, own.prefix(own.count / 2), Data("hello".utf8), Data()] {
      try folder.write(bad, to: "r/last.safetensors")
      let before = try folder.contents(of: "r")
      let result = try tool.run("pretrain", "--output", "r", "--resume")
      #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
      #expect(try folder.contents(of: "r") == before)
    }
  }

  // MARK: Full disks

  /// A limit on file sizes simulates a full disk: the checkpoint no longer fits.
  @Test func fullDisksDoNotDamageTheLastCheckpoint() throws {
    let args = "--output r --sources synthetic:dead-leaves:8 " + tiny.joined(separator: " ")
    // Blocks of 512 or 1024 bytes: in both cases less than the 200 kB of a checkpoint.
    let fresh = try tool.shell("ulimit -f 100; $MOSI pretrain \(args) --epochs 2")
    #expect(fresh.status == 1 && fresh.complaints.count == 1, "\(fresh.errors)")
    #expect(!folder.exists("r"))

    let stopped = try tool.run(
      ["pretrain", "--output", "r", "--sources", "synthetic:dead-leaves:8"] + tiny
        + ["--epochs", "100000"], leaving: "r", signalling: SIGINT
    ) { folder.exists("r/best.safetensors") }
    #expect(stopped.status == 130, "\(stopped.errors)")
    let before = try folder.bytes("r/last.safetensors")
    let full = try tool.shell("ulimit -f 100; $MOSI pretrain --output r --resume")
    #expect(full.status == 1 && full.complaints.count == 1, "\(full.errors)")
    #expect(try folder.bytes("r/last.safetensors") == before)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/r")
    #expect(!names.contains { $0.contains(".partial") }, "\(names)")
    _ = try Checkpoint<PretrainingConfiguration>(contentsOf: folder.path + "/r/last.safetensors")
  }
}
