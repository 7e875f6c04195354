import Configuration
import Foundation
import PretextTasks
import TestSupport
import Testing
import Torch
import Training
import VideoModels

extension TrainingRuns {
  /// Files as the authors of VCOP, PRP, DPC, MemDPC and CoCLR released them, with weights by the rule of the fixtures: they are
  /// inspected, converted and fine-tuned.
  @Suite(
    .serialized, .enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
  struct ReleasedFilesTests {
    /// A file and what should be found in it.
    struct Release: CustomTestStringConvertible {
      /// The fixtures' list of its names.
      let list: String
      let architecture: Architecture
      let names: StateNames
      /// What the program puts before the names.
      var prefix = ""
      /// A tensor of the first layer: its name here and its official one.
      let first: (own: String, official: String)
      /// The number of the backbone's tensors in the file.
      let taken: Int
      /// Words of the note on what is left out.
      let leftOut: [String]

      var testDescription: String { list }
    }

    static let releases = [
      Release(
        list: "vcop-vcopn-r3d", architecture: .r3d10, names: .vcop,
        first: ("backbone.conv1.a.weight", "base_network.conv1.temporal_spatial_conv.weight"),
        taken: 72, leftOut: ["fc7.weight", "fc8.bias"]),
      Release(
        list: "vcop-vcopn-r21d", architecture: .vcopR2plus1d10, names: .vcop,
        first: ("backbone.conv1.a1.weight", "base_network.conv1.spatial_conv.weight"),
        taken: 144, leftOut: ["fc7.weight", "fc8.bias"]),
      Release(
        list: "prp-r21d", architecture: .vcopR2plus1d10, names: .vcop, prefix: "module.",
        first: ("backbone.conv1.a1.weight", "base_network.conv1.spatial_conv.weight"),
        taken: 144, leftOut: ["conv6_cls", "conv6_rec", "up1"]),
      Release(
        list: "dpc-resnet18", architecture: .r2d3d18, names: .dpc, prefix: "module.",
        first: ("backbone.conv1.a.weight", "backbone.conv1.weight"),
        taken: 60, leftOut: ["agg", "network_pred"]),
      Release(
        list: "memdpc-resnet18", architecture: .r2d3d18, names: .dpc, prefix: "module.",
        first: ("backbone.conv1.a.weight", "backbone.conv1.weight"),
        taken: 120, leftOut: ["agg_f", "agg_b", "network_pred", "mb"]),
      Release(
        list: "s3dg-coclr", architecture: .s3dg, names: .coclr, prefix: "module.encoder_q.0.",
        first: ("backbone.conv1.a1.weight", "Conv_1a.conv1.weight"),
        taken: 534, leftOut: ["encoder_q", "queue"]),
    ]

    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// The tensors of a file under their official names, second names included, in the file's order.
    private func tensors(_ list: String) throws -> [(name: String, tensor: Tensor)] {
      let state = try PretextFixtures.state(list)
      return try String(contentsOfFile: PretextFixtures.path("\(list).names.txt"), encoding: .utf8)
        .split(separator: "\n").map { line in
          let words = line.split(separator: " ").map(String.init)
          let isSecond = words.contains("same-as")
          return (words[0], try #require(state[isSecond ? words.last! : words[0]]))
        }
    }

    /// Writes a file as the program does: VCOP and PRP the state dict, DPC, MemDPC and CoCLR a checkpoint of the training.
    private func write(_ release: Release) throws -> String {
      var state = try tensors(release.list).map { (name: release.prefix + $0.name, $0.tensor) }
      let path = folder.file("released.pth")
      guard release.names != .vcop else {
        try PyTorchCheckpoint.write(stateDict: state, to: path)
        return path
      }
      if release.names == .coclr {
        state.append(("module.encoder_q.1.weight", .zeros([128, 1024])))
        state.append(("module.queue", .zeros([128, 64])))
        state.append(("module.queue_ptr", .zeros([1], dtype: .int64)))
      }
      try PyTorchCheckpoint.write(
        .dictionary([
          .init(.string("epoch"), .integer(300)), .init(.string("net"), .string("resnet18")),
          .init(.string("state_dict"), .stateDict(state)),
          .init(.string("best_acc"), .number(0.25)), .init(.string("iteration"), .integer(7)),
        ]), to: path)
      return path
    }

    @Test(arguments: releases) func filesAreOpenedConvertedAndFinetuned(release: Release) throws {
      let path = try write(release)
      let official = try PretextFixtures.state(release.list)
      let first = try #require(official[release.first.official])

      let inspection = try WeightsInspection(at: path)
      #expect(inspection.file.form == .pytorch && inspection.kind == .weights)
      #expect(inspection.names == release.names && inspection.problem == nil)
      #expect(inspection.description?.model.architecture == release.architecture)
      #expect(inspection.description?.model.width == 64)
      #expect(inspection.classCount == nil && !inspection.taskTensors.isEmpty)
      // Second names of the network's tensors are not tensors of the task.
      #expect(
        release.names != .coclr || !inspection.taskTensors.contains { $0.name.contains("block") })
      #expect(try inspection.unsoundNumbers().isEmpty)
      let remarks = inspection.file.remarks.map(\.name)
      #expect(remarks.contains("epoch") == (release.names != .vcop))

      let weights = try Weights(at: path)
      #expect(weights.model.batchNormEpsilon == 1e-5 && weights.classCount == nil)
      #expect(weights.lacksStatistics == (release.list == "dpc-resnet18"))
      #expect(weights.tensors[release.first.own]?.isEqual(to: first) == true)

      let own = folder.file("own.safetensors")
      #expect(try !weights.write(to: own, as: .mosi, backboneOnly: false))
      let converted = try Weights(at: own)
      #expect(converted.model == weights.model)
      #expect(converted.taskTensors.map(\.name) == weights.taskTensors.map(\.name))
      #expect(converted.tensors.count == weights.tensors.count)
      #expect(weights.leftOut(by: .mosi).isEmpty)
      #expect(weights.leftOut(by: .authors) == weights.taskTensors.map(\.name))
      for (name, tensor) in weights.tensors {
        #expect(converted.tensors[name]?.isEqual(to: tensor) == true, "\(name)")
      }

      // DPC's and MemDPC's aggregators are taken, too.
      let directions: RecurrentAggregator.Directions? =
        release.names == .dpc ? (release.list == "dpc-resnet18" ? .forward : .both) : nil
      let (started, note) = try finetuningBeginning(with: path, in: folder) { tuning in
        tuning.model.aggregator = directions
        tuning.clip.frames = 8
        tuning.clip.size = 32
      }
      #expect(started[release.first.own]?.isEqual(to: first) == true)
      #expect(note.contains("taken: \(release.taken) tensors of the backbone"), "\(note)")
      if let directions {
        let name = directions == .forward ? "agg" : "agg_f"
        let gate = try #require(official["\(name).ConvGRUCell_00.reset_gate.weight"])
        #expect(
          started["aggregator.forward.reset_gate.weight"]?.isEqual(to: gate.unsqueezed(4)) == true)
        #expect(note.contains(", \(directions == .forward ? 6 : 12) of the aggregator;"), "\(note)")
      }
      #expect(release.leftOut.allSatisfy { note.contains($0) }, "\(note)")
      #expect(note.contains("new: ") && note.contains("head.out (2)"), "\(note)")
      // DPC's normalizations have no running statistics: the note says that these are new, and they begin as in a new network.
      #expect(note.contains("backbone.conv1") == (release.list == "dpc-resnet18"), "\(note)")
      if release.list == "dpc-resnet18" {
        #expect(
          weights.tensors["backbone.conv1.a_bn.running_var"]?.isEqual(to: .ones([64])) == true)
        #expect(
          weights.tensors["backbone.conv1.a_bn.running_mean"]?.isEqual(to: .zeros([64])) == true)
      } else {
        let means = weights.tensors.filter { $0.key.hasSuffix(".running_mean") }
        #expect(!means.isEmpty && means.allSatisfy { $0.value.norm > 0 })
      }
    }

    /// The S3D-G of video-pace is another network, which does not exist here.
    @Test func theNetworkOfVideoPaceIsRefused() throws {
      let path = folder.file("pace.safetensors")
      try Safetensors(tensors: PretextFixtures.state("s3dg-pace"), metadata: [:]).write(to: path)
      #expect(try WeightsInspection(at: path).kind == .tensors)
      let refusal = complaint { _ = try Weights(at: path) }
      #expect(refusal.hasPrefix("\(path) does not contain a network that mosi knows"), "\(refusal)")
    }
  }
}
