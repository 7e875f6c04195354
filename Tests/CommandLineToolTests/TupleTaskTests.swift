import Foundation
import Media
import TestSupport
import Testing
import Torch

/// All commands with the tasks of other papers.
@Suite struct TupleTaskTests {
  let folder: ScratchFolder
  let tool: Tool

  init() throws {
    folder = try ScratchFolder()
    tool = Tool(folder: folder)
  }

  private func output(_ arguments: [String]) throws -> String { try tool.output(arguments) }

  /// Class folders of videos with 20 frames of 44 x 36 pixels: a square that sinks or rises.
  private func videos() throws {
    for name in ["rises", "sinks"] {
      for index in 0..<4 {
        let frames = (0..<20).map { frame in
          let top = name == "sinks" ? frame : 20 - frame
          return Picture(
            width: 44, height: 36,
            pixels: (0..<44 * 36 * 3).map { place in
              let (y, x) = (place / 132, place % 132 / 3)
              let isInside =
                (top..<top + 14).contains(y) && (5 * index..<5 * index + 14).contains(x)
              return UInt8(truncatingIfNeeded: isInside ? place * 37 : 90 + 20 * index)
            })
        }
        try folder.write(frames, to: "v/\(index < 3 ? "train" : "test")/\(name)/\(index).mp4")
      }
    }
  }

  static let settings = [
    "model.width=2", "clip.frames=4", "clip.size=16", "sources.size=32", "batch.sources=2",
    "batch.accumulation_steps=1",
  ]

  @Test(arguments: [
    ("clip_order", ["task.clip_order.gap=1"], "fc7, fc8", 3),
    ("cloze", ["task.cloze.gap=1"], "operation", 5),
    ("frame_order", ["task.frame_order.margin=4"], "fc7, fc7_bn, fc8", 2),
    (
      "cubic_puzzle", ["task.cubic_puzzle.cell_frames=4", "task.cubic_puzzle.cell_size=16"],
      "spatial, temporal", 8
    ),
    ("speed", ["task.speed.smallest_size=12"], "logit", 2),
    (
      "playback_rate", ["clip.frames=8", "task.playback_rate.rates=[1, 2]"],
      "conv6_cls, conv6_rec, fc8, outc, up1, up2, up3, up4_1", 3
    ),
    (
      "dense_prediction",
      ["blocks=3", "predicted=1", "interval=1", "memory_slots=8", "directions=both"].map {
        "task.dense_prediction.\($0)"
      }, "aggregator, memory, predictor", 3
    ),
  ])
  func everyCommandTakesIt(kind: String, own: [String], layers: String, rows: Int) throws {
    try videos()
    let settings = (Self.settings + own + ["task.kind=\(kind)"]).flatMap { ["--set", $0] }
    _ = try output(
      ["pretrain", "--output", "p", "--sources", "v/train", "--validation-sources", "v/test"]
        + ["--epochs", "1"] + settings)
    #expect(folder.exists("p/preview.png") && folder.exists("p/curves.png"))
    let preview = try output(["preview", "--output", "s", "--sources", "v/train"] + settings)
    #expect(preview.split(separator: "\n").count >= 2 * rows + 1)
    let inspection = try output(["inspect", "p"])
    #expect(inspection.contains("tensors of \(layers)\n") && inspection.contains("no head"))

    _ = try output(
      ["pretrain", "--weights", "p", "--output", "more", "--sources", "v/train", "--epochs", "1"]
        + ["--set", "batch.sources=2", "--set", "batch.accumulation_steps=1"])
    #expect(
      try output(
        ["features", "v/test/sinks/3.mp4", "--weights", "p", "--clips", "1"]
          + ["--output", "f.safetensors"]
      )
      .contains("features [1, 8]"))
    let dataset = ["--dataset", "folders", "--videos", "v"]
    #expect(
      try output(["retrieve", "--weights", "p", "--clips", "1"] + dataset).contains("2 test videos")
    )
    _ = try output(
      ["finetune", "--weights", "p", "--output", "f", "--epochs", "1"] + dataset
        + ["clip.interval=1", "batch.clips=2", "batch.accumulation_steps=1"]
        .flatMap { ["--set", $0] })
    #expect(try output(["evaluate", "--weights", "f", "--clips", "1"]).contains("rises"))
    #expect(
      try output(["convert", "p", "w.safetensors", "--to", "mosi"]).contains("no head"))
    let converted = Set(
      try Safetensors(contentsOf: folder.file("w.safetensors")).tensors.keys
        .map { String($0.prefix { $0 != "." }) })
    #expect(converted == Set(layers.components(separatedBy: ", ") + ["backbone"]))
    #expect(
      try output(["convert", "p", "b.pth", "--to", "authors", "--backbone-only"])
        .contains("no head"))

    let heat = try tool.run("gradcam", "v/test", "--weights", "p")
    #expect(heat.status == 1 && heat.errors.contains("p has no head for single clips"))
    if !["speed", "playback_rate"].contains(kind) {
      // The classes are those of tuples, or there are none.
      let clips = try tool.shell(
        "$MOSI clips --sources v/train \(settings.joined(separator: " ")) | cat")
      #expect(clips.errors.contains("the single clips of task.kind=\(kind) have no labels"))
    }
    // Stills are refused in one sentence.
    let command = kind == "cloze" ? "preview" : "pretrain"
    let refused = try tool.run(
      [command, "--output", "q", "--sources", "synthetic:dead-leaves:4"] + settings)
    #expect(refused.status == 1 && refused.complaints.count == 1)
    #expect(refused.errors.contains("needs videos, and synthetic:dead-leaves #"))
  }
}
