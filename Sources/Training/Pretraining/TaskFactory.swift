import Configuration
import MoSI
import Pretext
import PretextTasks
import VideoSamples

extension PretrainingConfiguration {
  /// Makes the pretext task that `TaskSettings.kind` names.
  public func makeTask() -> any PretextTask {
    switch task.kind {
    case .mosi: motionTask
    case .rotation:
      Rotation(
        sampling: ClipSampling(frames: clip.frames, interval: task.rotation.interval),
        side: clip.size, sourceSide: sources.size, tilt: task.rotation.tiltDegrees, jitter: jitter,
        normalization: normalization)
    }
  }
}
