import Foundation
import Torch

/// How a run is executed on this machine. None of these options changes the results.
public struct ExecutionOptions: Sendable {
  /// The device that holds the network and computes its steps.
  public let device: Device
  /// The number of threads that load pictures and videos.
  public var workers: Int
  /// Bytes of memory for decoded videos, so that each is decoded only once; 0 decodes them again in every epoch.
  public var cacheBytes: Int

  /// On a CUDA device this also turns on TF32 and cuDNN's search for the fastest kernels.
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
  /// All steps are done.
  case finished(SummaryRecord)
  /// A stop was requested; the checkpoint holds `step` steps of `totalSteps`.
  case stopped(step: Int, totalSteps: Int)
}
