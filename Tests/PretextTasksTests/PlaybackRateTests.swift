import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct PlaybackRateTests {
  private let task = PlaybackRate(
    frames: 8, side: 16, sourceSide: 80, rates: [1, 2, 4], normalization: plainNormalization)

  /// Samples as they are read from a video of 40 frames whose pixels have a frame's number, and one fast pixel.
  private func sample(_ number: Int) throws -> (sample: Sample, numbers: [[Int]]) {
    let source = SourceInfo(lastFrameTime: 3.9, frameCount: 40)
    let id = training(number)
    var generator = id.generator(.loading)
    let request = task.rule(for: trained).request(source, &generator)
    let numbers = try frameNumbers(request, in: source)
    let clips = numbers.map { numbers in
      clip(frames: numbers.count, side: 16) { frame, y, x, _ in
        y == 0 && x == 0 ? numbers[frame] * 90 % 256 : 3 * numbers[frame]
      }
    }
    return (
      Sample(id: id, clips: clips, source: 0, choice: request.choice), numbers
    )
  }

  /// A clip of each rate has every 1st, 2nd or 4th frame of consecutive ones, ascending: no frame is repeated at its end. The
  /// target has twice as many, beginning with the clip's first one.
  @Test func clipsHaveTheRateOfTheirLabel() throws {
    var seen: [Int: Set<Int>] = [:]
    for number in 0..<200 {
      let (sample, numbers) = try sample(number)
      let rate = task.rates[sample.choice]
      let batch = task.batch([sample], for: trained, on: .cpu)
      #expect(batch.labels.array(of: Int.self) == [sample.choice])
      #expect(batch.clips.shape == [1, 3, 8, 16, 16] && batch.targets.shape == [1, 3, 16, 16, 16])
      let shown = bytes(batch.clips).selected(4, 9).selected(3, 9).selected(2, 1).selected(0, 0)
        .array(of: Int.self).map { $0 / 3 }
      let first = numbers[0][0]
      #expect(shown == (0..<8).map { first + rate * $0 })
      let target = (batch.targets.selected(4, 9).selected(3, 9).selected(1, 1).selected(0, 0) * 170)
        .array(of: Float.self).map { Double($0) / 2 }
      let expected = (0..<16).map {
        Double(first) + Double(min($0, rate == 1 ? 14 : 16) * rate) / 2
      }
      #expect(zip(target, expected).allSatisfy { abs($0 - $1) < 0.001 }, "\(target)")
      seen[rate, default: []].insert(first)
    }
    // All places, the last one too; the same videos for all rates.
    #expect(seen[4] == Set(0...8) && seen[2]!.isSubset(of: 0...24) && seen[1]!.max()! > 24)
    #expect(seen[1]!.isSubset(of: 0...32))
  }

  /// At rate 1 the video has no frames in between: their means do not count, and the loss is the mean over those that do.
  @Test func averagedFramesDoNotCount() throws {
    let samples = try (0..<60).map { try sample($0).sample }
    let slow = try #require(samples.first { $0.choice == 0 })
    let batch = task.batch([slow], for: trained, on: .cpu)
    let sums = batch.weights.sum([0, 1, 3, 4]).array(of: Float.self)
    for (frame, sum) in sums.enumerated() { #expect((sum == 0) == (frame % 2 == 1)) }
    let others = task.batch(samples.filter { $0.choice != 0 }, for: trained, on: .cpu)
    #expect(others.weights.min([0, 1, 2, 3, 4]).item >= 0.8 - 1e-6)
    #expect(others.weights.max([0, 1, 2, 3, 4]).item <= 2 + 1e-6)
    #expect(batch.weights.max([0, 1, 2, 3, 4]).item <= 4 + 1e-6)
  }

  /// What moves has the greatest weight, in the part of the span in which it does.
  @Test func motionCountsMore() {
    let attention = MotionAttention(window: 8)
    // Two parts; in the first one, a square at the top left changes; in the second one, nothing.
    let motion = Tensor.zeros([2, 4, 3, 32, 32])
    withoutGradients {
      for frame in 0..<4 where frame % 2 == 0 {
        _ = motion.selected(0, 0).selected(0, frame).sliced(1, 0..<8).sliced(2, 0..<8).fill(1)
      }
    }
    let weights = attention.weights(motion, frames: 4)
    #expect(weights.shape == [3, 8, 32, 32])
    let first = weights.sliced(1, 0..<4)
    #expect(first.selected(3, 0).selected(2, 0).isEqual(to: Tensor.full([3, 4], 2)))
    #expect(abs(first.selected(3, 31).selected(2, 31).max([0, 1]).item - 0.8) < 1e-6)
    #expect(weights.sliced(1, 4..<8).isEqual(to: Tensor.ones([3, 4, 32, 32])))
  }

  /// Videos without room for the highest rate are refused for all rates, so that a rate does not tell a video's length.
  @Test func shortVideosAreRefusedForAllRates() throws {
    let video = try NumberedVideo(frames: 31)
    for number in 0..<10 {
      let refusal = complaint { _ = try video.sample(task, training(number), for: trained) }
      #expect(refusal.contains("is too short: it has 31 of the 32 frames"))
    }
    let (sample, cuts) = try NumberedVideo(frames: 32).sample(task, training(1), for: trained)
    // One crop for all, from the center.
    #expect(Set(cuts.flatMap(\.crops)) == [[40, 32]])
    #expect(cuts[1].frames.count == 4 * task.rates[sample.choice])
  }

  /// The decoder makes twice as many frames as the clip has, whatever the strides of the backbone; the loss is that of its
  /// terms; the classifier's last layer learns faster.
  @Test(arguments: [Architecture.r3d10, .r2d3d18, .c3d])
  func theNetworkReconstructs(architecture: Architecture) throws {
    let generator = Generator(seed: 1)
    let network = task.makeNetwork(
      on: architecture.makeBackbone(width: 2, using: generator), dropout: 0, using: generator)
    let batch = task.batch(try (0..<3).map { try sample($0).sample }, for: trained, on: .cpu)
    let (logits, reconstruction) = network(batch.clips)
    #expect(logits.shape == [3, 3] && reconstruction.shape == [3, 3, 16, 16, 16])
    let output = network.evaluate(batch)
    let terms = Dictionary(uniqueKeysWithValues: output.terms.map { ($0.name, $0.value.item) })
    #expect(
      abs(output.loss.item - terms["reconstruction_loss"]! - 0.1 * terms["classification_loss"]!)
        < 1e-5)
    let scales = network.parameters.map { ($0.name, network.learningRateScale(of: $0)) }
    #expect(scales.filter { $0.1 == 10 }.map(\.0) == ["fc8.weight", "fc8.bias"])
    output.loss.backward()
    #expect(network.parameters.allSatisfy { $0.tensor.gradient?.isFinite == true })
  }

  @Test func thePreviewShowsTheTarget() throws {
    let preview = task.preview(try sample(5).sample)
    #expect(preview.rows.map(\.name) == ["clip", "targets", "weights"])
    #expect(preview.rows.map { $0.frames.shape[0] } == [8, 16, 16])
  }
}

/// PRP as its authors' code computed it in float64.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct PlaybackRateFixtureTests {
  private let task = PlaybackRate(normalization: plainNormalization)

  /// The clips, targets and weights of two spans: one at rate 2, one at rate 1.
  private func batch(side: Int) -> PlaybackRate.Batch {
    let parts = [("input", 2), ("input:2", 1)].map { name, rate in
      let frames = 16 * rate
      let span = FillRule(name: name).tensor([3, frames, side, side], kind: "-")
        .permuted([1, 0, 2, 3])
      let places = task.places(at: rate)
      return task.parts(
        shown: span.selected(0, indices: Tensor(places.shown)),
        motion: span.selected(0, indices: Tensor(places.motion)), rate: rate)
    }
    return PlaybackRate.Batch(
      clips: plainNormalization.clips(from: .stacked(parts.map(\.clip))), labels: Tensor([1, 0]),
      targets: Tensor.stacked(parts.map(\.targets)).permuted([0, 2, 1, 3, 4]),
      weights: .stacked(parts.map(\.weights)))
  }

  private static func strided(_ tensor: Tensor, _ steps: [(axis: Int, step: Int)]) -> Tensor {
    steps.reduce(tensor) { tensor, part in
      let places = Array(stride(from: 0, to: tensor.shape[part.axis], by: part.step))
      return tensor.selected(part.axis, indices: Tensor(places))
    }
  }

  @Test func framesAndWeightsAreTheOfficialOnes() throws {
    struct Labels: Decodable {
      struct Rate: Decodable {
        let rate: Int
        let encoder, target, counts: [Double]
        enum CodingKeys: String, CodingKey {
          case rate
          case encoder = "encoder_frames"
          case target = "target_frames"
          case counts = "target_counts_in_loss"
        }
      }
      struct PRP: Decodable { let rates: [Rate] }
      let prp: PRP
    }
    let rates = try PretextFixtures.json("labels.json", Labels.self).prp.rates
    #expect(rates.map(\.rate) == task.rates)
    for official in rates {
      let rate = official.rate
      // Frames of one pixel whose level is their number.
      let places = task.places(at: rate)
      func frames(_ numbers: [Int], side: Int) -> Tensor {
        Tensor(numbers.map(Float.init), shape: [numbers.count, 1, 1, 1])
          .expanded([-1, 3, side, side])
      }
      let parts = task.parts(
        shown: frames(places.shown, side: 28), motion: frames(places.motion, side: 28), rate: rate)
      func levels(_ frames: Tensor) -> [Double] {
        frames.selected(3, 0).selected(2, 0).selected(1, 0).array(of: Float.self).map(Double.init)
      }
      #expect(levels(parts.clip) == official.encoder)
      #expect(levels(parts.targets) == official.target)
      let counts = parts.weights.selected(3, 0).selected(2, 0).selected(0, 0)
        .array(of: Float.self).map { $0 == 0 ? 0.0 : 1 }
      #expect(counts == official.counts)
    }
    let fixtures = try PretextFixtures("prp")
    let batch = batch(side: 112)
    #expect(
      try fixtures.deviation(PretextFixtures.sample(batch.clips), "targets.clip_probe") < 1)
    #expect(
      try fixtures.deviation(PretextFixtures.sample(batch.targets), "targets.recon_probe") < 1)
    // Ours are scaled up at rate 1, where half of the frames count; theirs are not, but for flags.
    let frames = [0, 8, 16, 24, 31]
    let weights = batch.weights.selected(2, indices: Tensor(frames))
    let official = try fixtures.tensor("targets.mask_sub")
    let sub = Self.strided(weights, [(3, 4), (4, 4)])
    let difference = { (sample: Int, frame: Int, factor: Double) in
      (sub.selected(0, sample).selected(1, frame) * factor
        - official.selected(0, sample).selected(1, frame)).absolute().max([0, 1, 2]).item
    }
    for frame in frames.indices { #expect(difference(0, frame, 1) < 3e-4) }
    for frame in 0..<4 { #expect(difference(1, frame, 0.5) < 3e-4) }
  }

  @Test func attentionIsTheOfficialOne() throws {
    let fixtures = try PretextFixtures("prp")
    let clip = PretextFixtures.input([3, 16, 112, 112])
    let motion = clip.selected(1, indices: Tensor([0, 5, 10, 15])).permuted([1, 0, 2, 3])
    let attention = MotionAttention()
    func grid(_ motion: Tensor) -> Tensor { attention.grid(motion.unsqueezed(0)).selected(0, 0) }
    #expect(try fixtures.deviation(grid(motion), "motion.map13") < 1)
    let still = motion.sliced(0, 0..<1).expanded([4, -1, -1, -1])
    #expect(try fixtures.deviation(grid(still), "motion.still13") < 1)
    let row = attention.weights(motion.unsqueezed(0), frames: 16).selected(1, 5).selected(1, 37)
    #expect(try fixtures.deviation(row, "motion.map112_row") < 1)
    // A defect that is not repeated: in the official code, still channels beside a moving one have the weight 2.
    let one = Tensor.concatenated(
      [motion.sliced(1, 0..<1), still.sliced(1, 1..<3)], axis: 1)
    let official = try fixtures.tensor("motion.one_channel13")
    #expect(
      (grid(one).selected(0, 0) - official.selected(0, 0)).absolute().max([0, 1, 2]).item < 3e-4)
    #expect(official.sliced(0, 1..<3).min([0, 1, 2, 3]).item == 2)
    #expect(grid(one).sliced(0, 1..<3).isEqual(to: Tensor.ones([2, 1, 13, 13])))
  }

  /// The network with the official weights, in the names of a ``PlaybackRateNetwork``.
  private func network() throws -> (network: PlaybackRateNetwork, names: [String: String]) {
    let state = try PretextFixtures.state("prp-r21d")
    let tower = "base_network."
    let recognized = try RecognizedNetwork(
      shapes: state.filter { $0.key.hasPrefix(tower) }.mapValues(\.shape))
    #expect(recognized.architecture == .vcopR2plus1d10)
    let generator = Generator(seed: 1)
    let network = PlaybackRateNetwork(
      on: recognized.architecture.makeBackbone(using: generator), classes: 4,
      classificationWeight: 0.1, using: generator)
    var own = recognized.ownState(state)
    for (name, tensor) in state where !name.hasPrefix(tower) { own[name] = tensor }
    try network.load(own)
    return (network, recognized.namesInFile)
  }

  @Test func theNetworkIsTheOfficialOne() throws {
    let fixtures = try PretextFixtures("prp")
    let network = try network().network
    network.train(false)
    let batch = batch(side: 112)
    let output = withoutGradients { network.evaluate(batch) }
    func deviation(_ found: Tensor, _ what: String) throws -> Double {
      try fixtures.deviation(found, "r21d.eval.\(what)")
    }
    #expect(try deviation(output.loss, "loss") < 1)
    #expect(try deviation(output.terms[0].value, "loss_recon") < 1)
    #expect(try deviation(output.terms[1].value, "loss_class") < 1)
    let (logits, made) = withoutGradients { network(batch.clips) }
    #expect(try deviation(logits, "logits") < 1)
    let map = withoutGradients { network.backbone(batch.clips) }
    #expect(try deviation(PretextFixtures.sample(map), "tap/base_network") < 1)
    #expect(try deviation(made.mean([3, 4]), "recon_frame_mean") < 1)
    let mean = made.to(.float64).mean([1, 2, 3, 4], keepingAxes: true)
    let centered = made.to(.float64) - mean
    #expect(try deviation(mean, "recon_mean") < 1)
    #expect(try deviation((centered * centered).mean([1, 2, 3, 4]).squareRoot(), "recon_std") < 1)
    #expect(try deviation(Self.strided(made, [(2, 3), (3, 9), (4, 9)]), "recon_sub") < 1)
  }

  @Test func gradientsAreTheOfficialOnes() throws {
    let fixtures = try PretextFixtures("prp")
    let (network, names) = try network()
    network.train()
    let batch = batch(side: 64)
    let output = network.evaluate(batch)
    output.loss.backward()
    func deviation(_ found: Tensor, _ what: String) throws -> Double {
      try fixtures.deviation(found, "r21d.train64.\(what)")
    }
    #expect(try deviation(output.loss.detached(), "loss") < 1)
    #expect(try deviation(output.terms[0].value, "loss_recon") < 1)
    #expect(try deviation(output.terms[1].value, "loss_class") < 1)
    // With the statistics of the batch, again.
    let made = withoutGradients { network(batch.clips).reconstruction }
    #expect(try deviation(Self.strided(made, [(2, 5), (3, 9), (4, 9)]), "recon_sub") < 1)
    #expect(try deviation(output.predictions!.logits.detached(), "logits") < 1)
    let official = [
      "base_network.conv1.spatial_conv.weight",
      "base_network.conv5.block1.downsampleconv.temporal_conv.weight", "conv6_cls.conv3d.0.weight",
      "conv6_rec.conv3d.0.weight", "fc8.bias", "fc8.weight", "outc.conv3d.0.weight",
      "up1.up3d.weight", "up4_1.bias", "up4_1.weight",
    ]
    var compared = 0
    for parameter in network.parameters {
      let name = names[parameter.name] ?? parameter.name
      guard official.contains(name) else { continue }
      let gradient = try #require(parameter.tensor.gradient)
      #expect(
        try deviation(Tensor([Float(gradient.norm)], shape: [1]), "grad_norm/\(name)") < 1,
        "\(name)")
      let probe = "r21d.train64.grad_probe/\(name)"
      if !fixtures.keys(probe).isEmpty {
        let elements = PretextFixtures.sample(gradient, most: 512)
        #expect(try fixtures.deviation(elements, probe) < 1, "\(name)")
      }
      compared += 1
    }
    #expect(compared == official.count)
  }
}
