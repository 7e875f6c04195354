import Foundation
import Torch

/// How a run is computed on this machine; none of it changes what is computed.
public struct ExecutionOptions: Sendable {
  public let device: Device
  /// Threads that load pictures and videos.
  public var workers: Int
  /// Bytes of memory for decoded videos, which are then decoded once; 0 decodes them each time.
  public var cacheBytes: Int

  /// A CUDA device is also told to prefer speed (TF32, kernels that cuDNN has measured).
  public init(
    device: Device = .best, workers: Int = ProcessInfo.processInfo.activeProcessorCount,
    cacheBytes: Int = 0
  ) {
    self.device = device
    self.workers = workers
    self.cacheBytes = cacheBytes
    if device.isCUDA { Runtime.preferSpeedOnCUDA() }
  }
}

/// How a training ended.
public enum TrainingOutcome: Sendable {
  case finished(SummaryRecord)
  /// Somebody asked to stop; the checkpoint holds `step` steps of `totalSteps`.
  case stopped(step: Int, totalSteps: Int)
}
