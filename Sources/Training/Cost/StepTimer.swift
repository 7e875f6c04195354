import Configuration
import Pretext
import Torch
import VideoModels
import VideoSamples

/// Times training steps without the update of the weights, which takes little.
struct StepTimer {
  private let optimizer: SGD
  private let loss: () -> Tensor
  private let autocast: DType?
  private let device: Device

  private init(
    _ network: Module, _ precision: Precision, on device: Device, loss: @escaping () -> Tensor
  ) {
    autocast = precision.autocast
    self.device = device
    self.loss = loss
    network.setGenerator(Generator(seed: 0, device: device))
    optimizer = SGD(
      ParameterGroup.sparingNormalization(network.trainableParameters, weightDecay: 0))
  }

  /// Steps of a classifier on gray clips.
  init(_ step: TrainingStep, clips count: Int, on device: Device) {
    let model = step.model.makeModel(head: .pretext, classes: step.classes, seed: 0)
    model.move(to: device)
    let clips = Tensor.full(
      [count, 3, step.frames, step.size, step.size], 0.5, device: device
    ).contiguous(.video)
    let labels = Tensor((0..<count).map { $0 % step.classes }).to(device)
    self.init(model, step.precision, on: device) { crossEntropy(model(clips), labels) }
  }

  /// Steps of a pretext task with all of its layers, from `count` samples in memory to the gradients.
  init(
    _ task: some PretextTask, _ configuration: PretrainingConfiguration, samples count: Int,
    on device: Device
  ) {
    let network = configuration.model.makeNetwork(for: task, seed: 0)
    network.move(to: device)
    let purpose = Purpose.training(progress: 0)
    let rule = task.rule(for: purpose)
    let samples = (0..<count).map { rule.patternedSample($0) }
    self.init(network, configuration.precision, on: device) {
      network.evaluate(task.batch(samples, for: purpose, on: device)).loss
    }
  }

  /// The seconds of one step.
  func seconds() -> Double {
    let start = ContinuousClock.now
    let loss = withAutocast(autocast, on: device) { self.loss() }
    loss.backward()
    optimizer.clearGradients()
    // This waits for the device.
    _ = loss.item
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// The median seconds of at least three steps, and of as many as 1.5 s allow.
  func medianSeconds() -> Double {
    var times: [Double] = []
    repeat { times.append(seconds()) } while times.count < 3 || times.reduce(0, +) < 1.5
    return times.sorted()[times.count / 2]
  }

  /// The shortest seconds of up to four steps in about 1.5 s. The first step can be several times slower than the others; it
  /// suffices only if it takes more than 3 s.
  func quickSeconds() -> Double {
    let first = seconds()
    guard first < 3 else { return first }
    var times = [seconds()]
    while times.count < 3, first + times.reduce(0, +) + (times.last ?? 0) < 1.5 {
      times.append(seconds())
    }
    return min(first, times.min() ?? first)
  }
}

extension SampleRule {
  /// A sample of the shape that the rule reads from a long video, with a fixed pattern as pixels.
  fileprivate func patternedSample(_ index: Int) -> Sample {
    let id = SampleID.training(seed: 0, epoch: 0, source: index)
    var generator = id.generator(.loading)
    let frames = max(span ?? 0, 300)
    let request = request(
      SourceInfo(lastFrameTime: Double(frames - 1) / 30, frameCount: frames), &generator)
    let lengths =
      switch request.frames {
      case .still: [1]
      case .clips(let clips): clips.map(\.count)
      }
    let (height, width) = request.crop.size
    let clips = lengths.map { length in
      ClipPixels(
        frames: length, height: height, width: width,
        pixels: (0..<length * height * width * 3).map { UInt8(truncatingIfNeeded: $0 &* 73) })
    }
    return Sample(id: id, clips: clips, source: index, choice: request.choice)
  }
}
