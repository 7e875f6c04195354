import Configuration
import Pretext
import VideoModels

extension Weights {
  /// The network on the device of `options`, ready for inference in the precision that it was trained in.
  ///
  /// - Parameters:
  ///   - clip: the frames, interval, size and preset of the clips.
  ///   - clips: the number of clips per video.
  ///   - crops: the number of crops per clip, 1 or 3.
  ///   - batch: the number of clips that pass through the network at once.
  ///   - options: the device, and the number of threads that decode videos.
  public func makeInference(
    clip: ClipSettings, clips: Int, crops: Int = 1, batch: Int = VideoInference.defaultBatch,
    options: ExecutionOptions
  ) -> VideoInference {
    let model = makeModel()
    model.move(to: options.device)
    return VideoInference(
      model: model, normalization: normalization ?? .video,
      clip: clip, clips: clips, crops: crops, batch: batch, device: options.device,
      precision: finetuning?.precision ?? pretraining?.precision ?? .float32,
      workers: options.workers)
  }
}
