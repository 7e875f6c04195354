import Configuration
import MoSI
import Pretext
import PretextTasks
import VideoModels
import VideoSamples

extension PretrainingConfiguration {
  /// Makes the pretext task that `TaskSettings.kind` names.
  public func makeTask() -> any PretextTask {
    switch task.kind {
    case .mosi: motionTask
    case .rotation:
      Rotation(
        frames: clip.frames, interval: task.rotation.interval, side: clip.size,
        sourceSide: sources.size, tilt: task.rotation.tiltDegrees, jitter: jitter,
        normalization: normalization)
    case .clipOrder:
      ClipOrder(
        tuple: ClipTuple(
          clips: task.clipOrder.clips, frames: clip.frames, gap: task.clipOrder.gap),
        side: clip.size, sourceSide: sources.size, jitter: jitter, normalization: normalization)
    case .cloze:
      Cloze(
        frames: clip.frames, gap: task.cloze.gap, side: clip.size, sourceSide: sources.size,
        permutations: task.cloze.permutations, jitter: jitter, normalization: normalization)
    case .frameOrder:
      FrameOrder(
        frames: clip.frames, side: clip.size, sourceSide: sources.size,
        window: task.frameOrder.shortestWindow...task.frameOrder.longestWindow,
        margin: task.frameOrder.margin, shift: task.frameOrder.shift,
        splitsChannels: task.frameOrder.splitsChannels, jitter: jitter,
        normalization: normalization)
    case .cubicPuzzle:
      CubicPuzzle(
        frames: clip.frames, side: clip.size, cellFrames: task.cubicPuzzle.cellFrames,
        cellSide: task.cubicPuzzle.cellSize, sourceSide: sources.size,
        puzzles: task.cubicPuzzle.puzzles, replication: task.cubicPuzzle.channelReplication,
        jitter: jitter, normalization: normalization)
    case .speed:
      Speed(
        frames: clip.frames, sides: task.speed.smallestSize...clip.size,
        sideStep: model.architecture.clipUnit.width, sourceSide: sources.size,
        normalFactors: task.speed.normalFactors, fastFactors: task.speed.fastFactors,
        pooling: task.speed.pooling, jitter: jitter, normalization: normalization)
    case .playbackRate:
      PlaybackRate(
        frames: clip.frames, side: clip.size, sourceSide: sources.size,
        rates: task.playbackRate.rates,
        classificationWeight: task.playbackRate.classificationWeight,
        attention: task.playbackRate.attention, jitter: jitter, normalization: normalization)
    case .densePrediction:
      DensePrediction(
        task.densePrediction.plan, frames: clip.frames, interval: task.densePrediction.interval,
        side: clip.size, sourceSide: sources.size,
        splittingProbability: task.densePrediction.splittingProbability, jitter: jitter,
        normalization: normalization)
    case .masked:
      MaskedModeling(
        makeMotion(), mask: TubeMask(ratio: task.masked.ratio),
        cubes: ClipCubes(model.architecture.clipUnit), decoderBlocks: task.masked.decoderBlocks,
        targets: task.masked.targets, jitter: jitter, normalization: normalization)
    }
  }

  /// Makes the motion that `MaskedTaskSettings.motion` names.
  private func makeMotion() -> any ClipMotion {
    switch task.masked.motion {
    case .window:
      WindowMotion(
        PseudoMotion(
          labels: task.masked.window.labels.pool,
          geometry: ClipGeometry(source: sources.size, clip: clip.size, frames: clip.frames)),
        makesAllLabels: task.masked.window.makesAllLabels)
    case .transformations:
      task.masked.transformations.generator(
        frames: clip.frames, side: clip.size, sourceSide: sources.size)
    case .clips:
      ClipsOfVideos(
        ClipSampling(
          frames: clip.frames, interval: task.masked.clips.interval,
          targetRate: task.masked.clips.framesPerSecond),
        side: clip.size, sourceSide: sources.size)
    }
  }
}
