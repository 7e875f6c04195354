import Pretext
import PretextTasks
import TestSupport
import Testing
import Torch
import VideoModels
import VideoSamples

@Suite struct FrameOrderTests {
  private func task(
    side: Int = 8, margin: Int = 6, shift: Int = 2, splitsChannels: Bool = false,
    window: ClosedRange<Int> = 9...15
  ) -> FrameOrder {
    FrameOrder(
      frames: 3, side: side, sourceSide: 80, window: window, margin: margin, shift: shift,
      splitsChannels: splitsChannels, normalization: plainNormalization)
  }

  /// The 12 classes and their reverses are all 24 orders.
  @Test func anOrderAndItsReverseAreOneClass() {
    let orders = FrameOrder.orders
    #expect(orders.count == 12 && task().classNames?[6] == "2 1 3 4")
    #expect(Set(orders + orders.map { $0.reversed() }).count == 24)
    #expect((orders + orders).allSatisfy { $0.sorted() == [0, 1, 2, 3] })
  }

  /// Frames are shown in the order of the class or in its reverse, both equally often; each is repeated to a clip.
  @Test func framesAreShownInTheOrderOfTheClass() {
    let task = task()
    let region = clip(frames: 4, side: 14) { frame, _, _, _ in 60 * frame }
    let samples = (0..<600).map { Sample(id: training($0), clips: [region], source: $0) }
    let batch = task.batch(samples, for: trained, on: .cpu)
    #expect(batch.clips.shape == [2400, 3, 3, 8, 8])
    let levels = bytes(batch.clips)
    #expect(levels.isEqual(to: levels.sliced(1, 0..<1).expanded([-1, 3, -1, -1, -1]).contiguous()))
    let shown = levels.reshaped([600, 4, -1]).selected(2, 0).array(of: Int.self).map { $0 / 60 }
    var (counts, reversed) = ([Int](repeating: 0, count: 12), 0)
    for (sample, label) in batch.labels.array(of: Int.self).enumerated() {
      let order = Array(shown[4 * sample..<4 * sample + 4])
      let isReversed = order == FrameOrder.orders[label].reversed()
      #expect(isReversed || order == FrameOrder.orders[label])
      counts[label] += 1
      if isReversed { reversed += 1 }
    }
    #expect(counts.allSatisfy { (15...85).contains($0) })
    #expect((240...360).contains(reversed))
  }

  /// Each frame shows one of its channels, and not all of a sample's frames the same.
  @Test func channelsAreSplitPerFrame() {
    let task = task(splitsChannels: true)
    let region = clip(frames: 4, side: 14) { frame, _, _, channel in 60 * frame + 20 * channel }
    let samples = (0..<50).map { Sample(id: training($0), clips: [region], source: $0) }
    for purpose in [trained, .validation] {
      let levels = bytes(task.batch(samples, for: purpose, on: .cpu).clips)
      #expect(
        levels.isEqual(to: levels.sliced(2, 0..<1).expanded([-1, -1, 3, -1, -1]).contiguous()))
      let shown = levels.reshaped([200, -1]).selected(1, 0).array(of: Int.self)
      let channels = shown.map { $0 % 60 / 20 }
      #expect((0..<3).allSatisfy { channel in channels.count { $0 == channel } > 40 })
      let mixed = (0..<50).count { Set(channels[4 * $0..<4 * $0 + 4]).count > 1 }
      #expect(mixed > 40)
      #expect((0..<50).allSatisfy { Set(shown[4 * $0..<4 * $0 + 4].map { $0 / 60 }).count == 4 })
    }
  }

  /// Each frame is shifted on its own, at most by the shift, and never out of the region; a sample is mirrored as a whole.
  @Test func framesAreShiftedOnTheirOwn() {
    let task = task()
    let region = clip(frames: 4, side: 14) { _, y, x, channel in [x, y, 0][channel] }
    let samples = (0..<200).map { Sample(id: training($0), clips: [region], source: $0) }
    let frames = bytes(task.batch(samples, for: trained, on: .cpu).clips).selected(1, 0)
    let corner = frames.selected(3, 0).selected(2, 0)
    let opposite = frames.selected(3, 7).selected(2, 7)
    let (red, green) = (
      corner.selected(1, 0).array(of: Int.self), corner.selected(1, 1).array(of: Int.self)
    )
    let right = opposite.selected(1, 0).array(of: Int.self)
    var (mirrored, different) = (0, 0)
    for sample in 0..<200 {
      let places = Array(4 * sample..<4 * sample + 4)
      let isMirrored = red[places[0]] > right[places[0]]
      if isMirrored { mirrored += 1 }
      #expect(places.allSatisfy { abs(red[$0] - right[$0]) == 7 })
      #expect(places.allSatisfy { (red[$0] > right[$0]) == isMirrored })
      let left = places.map { min(red[$0], right[$0]) }
      let top = places.map { green[$0] }
      for edges in [left, top] {
        #expect(edges.min()! >= 0 && edges.max()! <= 6 && edges.max()! - edges.min()! <= 4)
      }
      if Set(left).count > 1 || Set(top).count > 1 { different += 1 }
    }
    #expect((60...140).contains(mirrored) && different > 180)
    // In validation, frames are in the center and not mirrored.
    let still = bytes(task.batch(samples, for: .validation, on: .cpu).clips)
      .selected(4, 0).selected(3, 0).selected(1, 0)
    #expect(Set(still.selected(1, 0).array(of: Int.self)) == [3])
    #expect(Set(still.selected(1, 1).array(of: Int.self)) == [3])
  }

  /// Four different frames, evenly in a window of 9 to 15 frames, with one region.
  @Test func framesAreCutFromVideos() throws {
    let video = try NumberedVideo(frames: 40)
    let task = task(side: 40, margin: 10)
    var lengths: Set<Int> = []
    for number in 0..<100 {
      let (_, cuts) = try video.sample(task, training(number), for: trained)
      #expect(cuts.count == 1 && Set(cuts[0].crops).count == 1)
      let frames = cuts[0].frames
      let length = frames[3] - frames[0] + 1
      lengths.insert(length)
      let exact = (0..<4).map { Double($0 * (length - 1)) / 3 }
      #expect(zip(frames, exact).allSatisfy { abs(Double($0 - frames[0]) - $1) <= 0.5 })
      #expect(Set(frames).count == 4 && frames[0] >= 0 && frames[3] < 40)
    }
    #expect(lengths == Set(9...15))
    let middle = try video.sample(task, .validation(index: 0), for: .validation).cuts
    #expect(middle[0].frames == [12, 17, 21, 26] && Set(middle[0].crops) == [[23, 15]])
    let refusal = complaint {
      try NumberedVideo(frames: 14).sample(task, training(0), for: trained)
    }
    #expect(refusal.contains("is too short: it has 14 of the 15 frames"))
  }

  @Test func theHeadIsOPNs() {
    let generator = Generator(seed: 1)
    let network = task().makeNetwork(
      on: Architecture.r3d10.makeBackbone(width: 2, using: generator), dropout: 0.5,
      using: generator)
    let head = network.parameters.filter { !$0.name.hasPrefix("backbone.") }
    #expect(
      head.map { "\($0.name) \($0.tensor.shape)" } == [
        "fc7.weight [512, 32]", "fc7.bias [512]", "fc7_bn.weight [512]", "fc7_bn.bias [512]",
        "fc8.weight [12, 3072]", "fc8.bias [12]",
      ])
    // The logits depend on the order of the frames.
    network.train(false)
    let clips = Tensor.keyed(1, shape: [4, 3, 2, 16, 16])
    let swapped = Tensor.concatenated([1, 0, 2, 3].map { clips.sliced(0, $0..<$0 + 1) })
    withoutGradients {
      #expect(network(clips).shape == [1, 12])
      #expect(difference(network(clips), network(swapped)) > 1e-6)
    }
  }

  /// A step on OPN's own network, which sees each frame by itself: repetitions change nothing.
  @Test func opnsOwnNetworkIsTrained() throws {
    let task = FrameOrder(
      frames: 2, side: 72, sourceSide: 80, margin: 6, shift: 2, normalization: plainNormalization)
    let generator = Generator(seed: 1)
    let network = task.makeNetwork(
      on: Architecture.opn.makeBackbone(width: 4, using: generator), dropout: 0,
      using: generator)
    let region = clip(frames: 4, side: 78) { frame, y, x, _ in (60 * frame + 3 * y + x) % 256 }
    let samples = (0..<3).map { Sample(id: training($0), clips: [region], source: $0) }
    let batch = task.batch(samples, for: trained, on: .cpu)
    #expect(batch.clips.shape == [12, 3, 2, 72, 72])
    let before = network.evaluate(batch).loss
    before.backward()
    for parameter in network.parameters where parameter.name.hasPrefix("backbone.conv1.") {
      #expect((parameter.tensor.gradient?.norm ?? 0) > 0, "\(parameter.name)")
    }
    let optimizer = SGD([ParameterGroup(network.trainableParameters, weightDecay: 0)])
    optimizer.step(learningRate: 1e-3)
    #expect(network.evaluate(batch).loss.item < before.item)
    network.train(false)
    withoutGradients {
      let once = network(batch.clips.sliced(2, 0..<1))
      #expect(difference(once, network(batch.clips)) < 1e-5)
    }
  }

  @Test func thePreviewShowsTheFramesWithTheirPlaces() throws {
    let region = clip(frames: 4, side: 14) { frame, _, _, _ in 60 * frame }
    let preview = task().preview(
      Sample(id: .preview(seed: 0, row: 0), clips: [region], source: 0))
    let places = preview.rows.map { row in
      (0..<4).map { Int(row.frames.selected(0, $0).flattened().array(of: UInt8.self)[0]) / 60 }
    }
    #expect(places[1] == [0, 1, 2, 3] && Set(places[0]).count == 4)
    let order = places[0].map { "\($0 + 1)" }.joined(separator: " ")
    #expect(preview.rows[0].subtitle == "answer: \(order)")
  }
}
