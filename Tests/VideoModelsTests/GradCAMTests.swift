import Foundation
import TestSupport
import Testing
import Torch
import VideoModels

@Suite struct GradCAMTests {
  private struct Golden: Decodable {
    struct Values: Decodable {
      let values: [Double]
    }
    struct Stage: Decodable {
      let labels: [Int]
      let coarse: Values
      let maps: Values
    }
    let state: [String: [Int]]
    let stages: [String: Stage]
  }

  /// The maximum difference from the numbers of `tensor` that make_goldens.py kept.
  private func difference(_ tensor: Tensor, _ golden: Golden.Values) -> Double {
    let values = tensor.to(.float64).array(of: Double.self)
    let kept = stride(from: 0, to: values.count, by: 1 + (values.count - 1) / 500)
      .map { values[$0] }
    guard kept.count == golden.values.count else { return .infinity }
    return zip(kept, golden.values).map { abs($0 - $1) }.max()!
  }

  @Test(arguments: [
    "r2d3d-18 given", "r2d3d-18 predicted", "r2plus1d-10 given", "r2plus1d-10 predicted",
    "r3d-18 given", "c3d given",
  ])
  func mapsAreThoseOfPyTorchsHooks(name: String) throws {
    let golden = try #require(Bundle.module.golden("gradcam", as: [String: Golden].self)[name])
    let network = try RecognizedNetwork(shapes: golden.state)
    let model = VideoClassifier(
      network.architecture, width: network.width, epsilon: network.epsilon,
      head: network.head!.kind, classes: network.head!.classes,
      using: Generator(seed: 1))
    try model.load(network.ownState(keyedState(golden.state)))
    let clips = keyed([53], [2, 3, 8, 32, 40], -1...1)
    for stage in StageName.allCases {
      let expected = try #require(golden.stages[stage.rawValue])
      let labels = name.hasSuffix("given") ? expected.labels : nil
      let found = model.gradCAM(clips, at: stage, labels: labels)
      #expect(found.labels == expected.labels && found.maps.shape == [2, 8, 32, 40])
      #expect(difference(found.coarse, expected.coarse) < 1e-5, "\(stage)")
      // The maps are divided by maxima far below 1.
      #expect(difference(found.maps, expected.maps) < 1e-4, "\(stage)")
    }
    // In float64, no activation's sign depends on rounding.
    for (_, tensor) in model.state where tensor.dtype == .float32 {
      tensor.setData(tensor.detached().to(.float64))
    }
    for stage in StageName.allCases {
      let expected = try #require(golden.stages[stage.rawValue])
      let labels = name.hasSuffix("given") ? expected.labels : nil
      let found = model.gradCAM(clips.to(.float64), at: stage, labels: labels)
      #expect(difference(found.maps, expected.maps) < 1e-6, "\(stage)")
    }
  }

  @Test(arguments: StageName.allCases)
  func batchesGiveTheMapsOfSingleClips(stage: StageName) {
    let model = classifier(.r2d3d18, width: 4)
    let clips = keyed([54], [3, 3, 4, 24, 24], -1...1)
    let labels = [2, 8, 5]
    let all = model.gradCAM(clips, at: stage, labels: labels)
    for index in 0..<3 {
      let single = model.gradCAM(
        clips.sliced(0, index..<index + 1), at: stage, labels: [labels[index]])
      for (a, b) in [(all.maps, single.maps), (all.coarse, single.coarse)] {
        let scale = max(b.flattened().max([0]).item, 1e-12)
        let difference = (a.sliced(0, index..<index + 1) - b).absolute().flattened().max([0]).item
        // For other batches, convolutions sum in another order.
        #expect(difference / scale < 1e-4, "\(index)")
      }
    }
  }

  /// A training that is inspected continues as if it had not been.
  @Test func nothingIsLeftBehind() {
    let model = classifier(.r2plus1d10, width: 4, dropout: 0.5)
    model.backbone.freezeStages(1)
    let clips = keyed([55], [2, 3, 4, 24, 24], -1...1)
    let before = model.state.map { $0.tensor.detached().clone() }
    withoutGradients { _ = model.gradCAM(clips, at: .conv3) }
    #expect(model.isTraining && model.backbone.children[1].module.isTraining)
    #expect(!model.backbone.children[0].module.isTraining)
    #expect(model.parameters.allSatisfy { $0.tensor.gradient == nil })
    for (old, (name, new)) in zip(before, model.state) {
      #expect(old.equal(to: new.detached()).all().item == 1, "\(name)")
    }
    model.train(false)
    let maps = model.gradCAM(clips, at: .conv3).maps
    #expect(!model.isTraining && !maps.requiresGradient)
    #expect(maps.min([0, 1, 2, 3]).item >= 0 && maps.max([0, 1, 2, 3]).item <= 1)
  }

  @Test func unknownStagesAreRejectedWithTheKnownOnes() throws {
    #expect(try StageName(named: "conv4") == .conv4)
    let error = #expect(throws: UnknownStage.self) { try StageName(named: "conv6") }
    #expect(
      error?.description
        == "there is no convolutional stage conv6: the networks have conv1, conv2, conv3, conv4, conv5"
    )
  }

  @Test func smallClipsAreAnalyzedAtAnEarlierStage() {
    func stage(_ architecture: Architecture, _ side: Int) -> StageName {
      architecture.latestStage(frames: 8, height: side, width: side)
    }
    #expect(stage(.r2d3d18, 112) == .conv5 && stage(.r2d3d18, 56) == .conv4)
    #expect(stage(.r2d3d18, 16) == .conv2 && stage(.r2d3d18, 8) == .conv1)
    #expect(stage(.r2plus1d10, 56) == .conv5 && stage(.r2plus1d10, 32) == .conv4)
  }
}
