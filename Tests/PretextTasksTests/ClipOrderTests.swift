import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct ClipOrderTests {
  private func task(clips: Int = 3, frames: Int = 4, gap: Int = 2, side: Int = 8) -> ClipOrder {
    ClipOrder(
      tuple: ClipTuple(clips: clips, frames: frames, gap: gap), side: side, sourceSide: 80,
      normalization: plainNormalization)
  }

  @Test func classesAreOrdersInLexicographicOrder() {
    #expect(task().classNames == ["1 2 3", "1 3 2", "2 1 3", "2 3 1", "3 1 2", "3 2 1"])
    let five = task(clips: 5).classNames ?? []
    #expect(five.count == 120 && five == five.sorted() && Set(five).count == 120)
  }

  /// The clips are shown as the class says, each with its own frames in order, and every class occurs.
  @Test(arguments: [2, 3, 4]) func clipsAreShownInTheOrderOfTheClass(count: Int) throws {
    let task = task(clips: count)
    let clips = (0..<count).map { number in
      clip(frames: 4, side: 8) { frame, y, x, _ in 50 * number + 10 * frame + y / 4 + x / 4 }
    }
    let samples = (0..<300).map { Sample(id: training($0), clips: clips, source: $0) }
    let batch = task.batch(samples, for: trained, on: .cpu)
    #expect(batch.clips.shape == [300 * count, 3, 4, 8, 8])
    let labels = batch.labels.array(of: Int.self)
    let first = bytes(batch.clips).selected(4, 0).selected(3, 0).selected(2, 0)
    let shown = first.reshaped([300, count * 4]).chunked(300).map { $0.array(of: Int.self) }
    let names = try #require(task.classNames)
    for (label, levels) in zip(labels, shown) {
      let order = names[label].split(separator: " ").map { Int($0)! - 1 }
      #expect(levels == order.flatMap { clip in (0..<4).map { 50 * clip + 10 * $0 } })
    }
    let counts = names.indices.map { label in labels.count { $0 == label } }
    // Five deviations of a class's share.
    let share = 300 / Double(names.count)
    #expect(counts.allSatisfy { abs(Double($0) - share) < 5 * share.squareRoot() })
  }

  /// The gap is kept, frames are consecutive and none is repeated, each clip has its own crop, and all frames of a clip have
  /// the same: in the authors' code, each frame got its own from torchvision 0.8 on.
  @Test func tuplesAreCutFromVideos() throws {
    let video = try NumberedVideo(frames: 80)
    let task = task(frames: 16, gap: 8, side: 48)
    var starts: Set<Int> = []
    var crops: Set<[Int]> = []
    for number in 0..<40 {
      let (_, cuts) = try video.sample(task, training(number), for: trained)
      let first = cuts[0].frames[0]
      starts.insert(first)
      #expect(cuts.map(\.frames) == [0, 24, 48].map { Array(first + $0..<first + $0 + 16) })
      for cut in cuts { #expect(Set(cut.crops).count == 1) }
      crops.formUnion(cuts.map { $0.crops[0] })
      #expect(Set(cuts.map { $0.crops[0] }).count > 1)
    }
    #expect(starts.isSubset(of: Set(0...16)) && starts.count > 10)
    #expect(crops.count > 60)
    let middle = try video.sample(task, .validation(index: 3), for: .validation).cuts
    #expect(middle.map { $0.frames[0] } == [8, 32, 56])
    #expect(Set(middle.flatMap(\.crops)) == [[24, 16]])
  }

  /// A video of just enough frames is used; one frame less, and it is skipped.
  @Test func shortVideosAreSkipped() throws {
    let task = task(frames: 4, gap: 2, side: 16)
    let (_, cuts) = try NumberedVideo(frames: 16).sample(task, training(0), for: trained)
    #expect(cuts.map { $0.frames[0] } == [0, 6, 12])
    let short = try NumberedVideo(frames: 15)
    let refusal = complaint { try short.sample(task, training(0), for: trained) }
    #expect(refusal.contains("is too short: it has 15 of the 16 frames of a sample"))
  }

  /// The same samples give the same batch, whatever the others, and validation does not change from epoch to epoch.
  @Test func drawsDependOnlyOnTheSample() throws {
    let video = try NumberedVideo(frames: 30)
    let task = task(side: 16)
    func batch(_ ids: [SampleID], _ purpose: Purpose) throws -> ClipTuples {
      task.batch(
        try ids.map { try video.sample(task, $0, for: purpose).sample }, for: purpose, on: .cpu)
    }
    let (three, one) = (
      try batch((0..<3).map(training), trained), try batch([training(2)], trained)
    )
    #expect(three.clips.sliced(0, 6..<9).isEqual(to: one.clips))
    #expect(three.labels.array(of: Int.self)[2] == one.labels.array(of: Int.self)[0])
    let ids = (0..<20).map { SampleID.validation(index: $0) }
    let labels = try batch(ids, .validation).labels.array(of: Int.self)
    #expect(try labels == batch(ids, .validation).labels.array(of: Int.self))
    #expect(Set(labels).count > 3)
  }

  @Test func thePreviewShowsTheClipsWithTheirPlaces() throws {
    let video = try NumberedVideo(frames: 30)
    let task = task(side: 16)
    let (sample, cuts) = try video.sample(task, .preview(seed: 0, row: 0), for: trained)
    let preview = task.preview(sample)
    #expect(preview.rows.map(\.title) == ["shown at 1", "shown at 2", "shown at 3"])
    #expect(preview.rows.allSatisfy { $0.frames.shape == [4, 16, 16, 3] })
    let places = preview.rows.map { row in
      cuts.firstIndex {
        $0.frames[0] == row.frames.selected(0, 0).flattened().array(of: UInt8.self)[2]
      }
    }
    #expect(preview.rows.map(\.subtitle) == places.map { "clip \(($0 ?? -2) + 1) of the video" })
    let answer = places.map { "\(($0 ?? -2) + 1)" }.joined(separator: " ")
    #expect(preview.title.hasSuffix("Here: \(answer)"))
  }
}

/// VCOP's networks as its authors' code computed them in float64.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct ClipOrderFixtureTests {
  /// The task's network with the weights of an official state dict.
  private func network(_ name: String) throws -> (PairsNetwork, RecognizedNetwork) {
    let state = try PretextFixtures.state("vcop-vcopn-\(name)")
    let recognized = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    let generator = Generator(seed: 1)
    let network = ClipOrder().makeNetwork(
      on: recognized.architecture.makeBackbone(epsilon: recognized.epsilon, using: generator),
      dropout: 0, using: generator)
    var own = recognized.ownState(state)
    for name in recognized.others { own[name] = state[name] }
    #expect(recognized.others == ["fc7.bias", "fc7.weight", "fc8.bias", "fc8.weight"])
    try network.load(own)
    return (network, recognized)
  }

  private let clips = PretextFixtures.input([2, 3, 3, 16, 56, 56]).flattened(from: 0, through: 1)

  @Test func logitsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("vcop")
    let (network, _) = try network("r21d")
    network.train(false)
    let (features, logits) = withoutGradients { (network.backbone.features(clips), network(clips)) }
    #expect(try fixtures.deviation(features, "vcopn_r21d.eval.features") < 1)
    #expect(try fixtures.deviation(logits, "vcopn_r21d.eval.logits") < 1)
  }

  /// In training, all clips pass at once (`train_joint`); the authors' code passes each position on its own.
  @Test func lossAndGradientsAreThoseOfOnePass() throws {
    let fixtures = try PretextFixtures("vcop")
    let (network, recognized) = try network("r3d")
    let labels = try fixtures.tensor("vcopn_r3d.train.targets")
    // The targets are the lexicographic indices of the orders.
    let orders = try fixtures.tensor("vcopn_r3d.train.orders").array(of: Int.self)
    let names = (0..<2).map { sample in
      orders[3 * sample..<3 * sample + 3].map { "\($0 + 1)" }.joined(separator: " ")
    }
    #expect(labels.array(of: Int.self).map { ClipOrder().classNames?[$0] } == names)

    // Early gradients depend on rounding in float32: where two numbers tie, a ReLU decides differently.
    for dtype in [DType.float32, .float64] {
      if dtype == .float64 { network.useFloat64() }
      let output = network.evaluate(ClipTuples(clips: clips.to(dtype), labels: labels))
      output.loss.backward()
      let logits = try #require(output.predictions?.logits)
      #expect(try fixtures.deviation(logits, "vcopn_r3d.train_joint.logits") < 1)
      #expect(try fixtures.deviation(output.loss, "vcopn_r3d.train_joint.loss") < 1)
      #expect(output.count == 2)
      #expect(try difference(logits, fixtures.tensor("vcopn_r3d.train.logits")) < 0.064)
    }
    for (official, own) in [
      ("base_network.conv1.temporal_spatial_conv.weight", "backbone.conv1.a.weight"),
      ("base_network.bn1.weight", "backbone.conv1.a_bn.weight"),
      (
        "base_network.conv3.block1.downsampleconv.temporal_spatial_conv.weight",
        "backbone.conv3.res_1.short_cut.weight"
      ),
      ("fc7.weight", "fc7.weight"), ("fc8.weight", "fc8.weight"), ("fc8.bias", "fc8.bias"),
    ] {
      if own.hasPrefix("backbone.") { #expect(recognized.namesInFile[own] == official) }
      let gradient = try #require(network.parameters.first { $0.name == own }?.tensor.gradient)
      #expect(
        try fixtures.deviation(
          Tensor([gradient.norm]), "vcopn_r3d.train_joint.grad_norm/\(official)") < 1, "\(own)")
    }
  }

  /// VCOP: 534,022 parameters in the head.
  @Test func theHeadHasTheOfficialSize() {
    let generator = Generator(seed: 1)
    let network = ClipOrder().makeNetwork(
      on: Architecture.c3d.makeBackbone(using: generator), dropout: 0.5, using: generator)
    let head = network.parameters.filter { !$0.name.hasPrefix("backbone.") }
    #expect(head.reduce(0) { $0 + $1.tensor.count } == 534_022)
  }
}
