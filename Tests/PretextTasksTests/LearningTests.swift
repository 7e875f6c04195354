import KeyedRandom
import Pretext
import PretextTasks
import Testing
import Torch
import VideoModels
import VideoSamples

/// A small network of each task learns videos whose answers are easy: it gets brighter with time, and from the top left to the
/// bottom right.
@Suite struct LearningTests {
  /// The level of a pixel of frame `frame` of `count`, with noise that differs from sample to sample.
  private func level(
    _ frame: Int, of count: Int, _ y: Int, _ x: Int, side: Int, _ noise: inout KeyedGenerator
  ) -> UInt8 {
    let time = Double(frame) / Double(count)
    let space = Double(y / (side / 2)) * 0.5 + Double(x / (side / 2)) * 0.25
    return UInt8(150 * time + 60 * space + 20 * noise.uniform())
  }

  /// Samples as a loader would read them from videos of `count` frames.
  private func samples(
    _ task: some PretextTask, step: Int, batch: Int, frames count: Int
  ) throws -> [Sample] {
    let rule = task.rule(for: trained)
    let source = SourceInfo(lastFrameTime: Double(count - 1) / 10, frameCount: count)
    return try (0..<batch).map { place in
      let id = SampleID.training(seed: 1, epoch: step, source: place)
      var generator = id.generator(.loading)
      let request = rule.request(source, &generator)
      let side = request.crop.size.height
      let clips = try frameNumbers(request, in: source).map { numbers in
        var pixels: [UInt8] = []
        for frame in numbers {
          for y in 0..<side {
            for x in 0..<side {
              let value = level(frame, of: count, y, x, side: side, &generator)
              pixels += [value, value, value]
            }
          }
        }
        return ClipPixels(frames: numbers.count, height: side, width: side, pixels: pixels)
      }
      return Sample(id: id, clips: clips, source: place, choice: request.choice)
    }
  }

  /// Trains for `steps`, and returns the accuracy in the last quarter of them.
  private func accuracy<Task: PretextTask>(
    _ task: Task, frames: Int, steps: Int, learningRate: Double
  ) throws -> Double {
    let generator = Generator(seed: 3)
    let network = task.makeNetwork(
      on: Architecture.r3d10.makeBackbone(width: 4, using: generator), dropout: 0,
      using: generator)
    let optimizer = Adam([ParameterGroup(network.trainableParameters, weightDecay: 0)])
    var (sum, count) = (0.0, 0)
    for step in 0..<steps {
      let batch = task.batch(
        try samples(task, step: step, batch: 8, frames: frames), for: trained, on: .cpu)
      let output = network.evaluate(batch)
      output.loss.backward()
      optimizer.step(learningRate: learningRate)
      optimizer.clearGradients()
      if step >= steps * 3 / 4, let predictions = output.predictions {
        sum += predictions.top1.item
        count += 1
      }
    }
    return sum / Double(count)
  }

  @Test func clipOrderIsLearned() throws {
    let task = ClipOrder(
      tuple: ClipTuple(clips: 3, frames: 2, gap: 2), side: 16, sourceSide: 16)
    #expect(try accuracy(task, frames: 10, steps: 80, learningRate: 0.003) > 0.6)
  }

  /// Turned and exchanged quarters, and frames that jump.
  @Test func clozeIsLearned() throws {
    let task = Cloze(frames: 4, gap: 1, side: 16, sourceSide: 16)
    #expect(try accuracy(task, frames: 20, steps: 120, learningRate: 0.003) > 0.5)
  }

  @Test func frameOrderIsLearned() throws {
    let task = FrameOrder(
      frames: 2, side: 16, sourceSide: 20, window: 9...9, margin: 2, shift: 1)
    #expect(try accuracy(task, frames: 10, steps: 120, learningRate: 0.001) > 0.4)
  }

  @Test func puzzlesAreLearned() throws {
    let task = CubicPuzzle(
      frames: 2, side: 16, cellFrames: 2, cellSide: 18, sourceSide: 36)
    #expect(try accuracy(task, frames: 10, steps: 120, learningRate: 0.003) > 0.3)
  }

  /// How fast it gets brighter.
  @Test func speedIsLearned() throws {
    let task = Speed(frames: 8, sides: 16...16, sourceSide: 16)
    #expect(try accuracy(task, frames: 26, steps: 120, learningRate: 0.003) > 0.75)
  }

  @Test func playbackRateIsLearned() throws {
    let task = PlaybackRate(
      frames: 8, side: 16, sourceSide: 16, rates: [1, 4], classificationWeight: 1)
    #expect(try accuracy(task, frames: 34, steps: 80, learningRate: 0.003) > 0.75)
  }
}
