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
  /// True for activation checkpointing while training: less memory, and a second forward pass.
  public var checkpointsActivations = false
  /// The time without a sample after which a warning names the files that are being read.
  public var loadingPatience = Duration.seconds(60)
  /// The maximum time that a run waits for space on the disk, or for sources when none can be read.
  public var longestPause = Duration.seconds(30 * 60)
  /// The time between two attempts during such a wait.
  public var pauseInterval = Duration.seconds(1)
  /// Those that work together; this one is among them.
  public var processes: Processes

  /// On a CUDA device this also turns on TF32 and cuDNN's search for the fastest kernels.
  public init(
    device: Device = .best, workers: Int = ProcessInfo.processInfo.activeProcessorCount,
    cacheBytes: Int = 0, processes: Processes = .alone
  ) {
    self.device = device
    self.workers = workers
    self.cacheBytes = cacheBytes
    self.processes = processes
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
