// Pseudo motions: the paper's section 3.1

import KeyedRandom
import Torch

/// Makes clips of a window that moves over a still picture, one for each motion of a label pool.
public struct PseudoMotion: Sendable {
  /// The motions.
  public let labels: LabelPool
  /// The sizes of sources and clips.
  public let geometry: ClipGeometry
  /// The paths of each label.
  let paths: [(x: ClipGeometry.Path, y: ClipGeometry.Path)]

  /// Clips of these motions and sizes.
  public init(labels: LabelPool, geometry: ClipGeometry) {
    self.labels = labels
    self.geometry = geometry
    paths = labels.motions.map {
      (
        geometry.horizontalPath(speed: $0.x, granularity: labels.granularity),
        geometry.verticalPath(speed: $0.y, granularity: labels.granularity)
      )
    }
  }

  /// The position of a window in pixels from the source's left and top edges.
  public struct Start: Hashable, Sendable {
    /// The distance from the left edge.
    public var x: Int
    /// The distance from the top edge.
    public var y: Int

    /// A position.
    public init(x: Int, y: Int) {
      self.x = x
      self.y = y
    }
  }

  /// Draws a start for each label, uniform over those for which the end is within the source.
  public func randomStarts(using generator: inout KeyedGenerator) -> [Start] {
    paths.map { path in
      Start(
        x: path.x.starts.lowerBound + generator.integer(below: path.x.starts.count),
        y: path.y.starts.lowerBound + generator.integer(below: path.y.starts.count))
    }
  }

  /// The starts of paths that are centered in the source, for validation.
  public var centeredStarts: [Start] {
    paths.map { Start(x: $0.x.centeredStart, y: $0.y.centeredStart) }
  }

  /// The positions of the window in each frame of a label's clip, in pixels.
  public func positions(label: Int, start: Start) -> [Start] {
    zip(paths[label].x.offsets, paths[label].y.offsets).map {
      Start(x: start.x + $0, y: start.y + $1)
    }
  }

  /// The mean speed of the window in a label's clip, in pixels per frame.
  public func pixelsPerFrame(label: Int) -> Double {
    Swift.max(Swift.abs(paths[label].x.distance), Swift.abs(paths[label].y.distance))
      / Double(geometry.frames - 1)
  }

  /// The clips of a batch of sources. All labels of a source are consecutive.
  ///
  /// - Parameters:
  ///   - sources: [B, 3, H, W], any type.
  ///   - starts: a start for each label of each source.
  /// - Returns: frames [B * labels, N, 3, height, width] in the sources' type.
  public func frames(of sources: Tensor, starts: [[Start]]) -> Tensor {
    let windows = starts.map { starts in
      starts.enumerated().map { label, start in
        let path = paths[label]
        precondition(
          path.x.starts.contains(start.x) && path.y.starts.contains(start.y),
          "the motion \(labels.motions[label]) from \(start.x), \(start.y) leaves the source")
        return positions(label: label, start: start)
      }
    }
    return crops(of: sources, windows: windows)
  }

  /// Cuts the windows of clips from their sources.
  ///
  /// It uses one gather on the sources' device: the windows are a strided view, so that only the result is allocated.
  ///
  /// - Parameters:
  ///   - sources: [B, 3, H, W], any type.
  ///   - windows: for each source its clips, the same number for all, each with the position of the window in each of the
  ///     N frames.
  /// - Returns: frames [B * clips, N, 3, height, width] in the sources' type.
  func crops(of sources: Tensor, windows: [[[Start]]]) -> Tensor {
    let batch = windows.count
    precondition(
      sources.shape == [batch, 3, geometry.sourceHeight, geometry.sourceWidth],
      "sources \(sources.shape) instead of \(batch) of \(geometry.sourceWidth)x\(geometry.sourceHeight)"
    )
    let room = (
      x: geometry.sourceWidth - geometry.width, y: geometry.sourceHeight - geometry.height
    )
    var picture: [Int] = []
    var x: [Int] = []
    var y: [Int] = []
    for (index, clips) in windows.enumerated() {
      for position in clips.joined() {
        // A negative index would select a window at the opposite edge.
        precondition(
          (0...room.x).contains(position.x) && (0...room.y).contains(position.y),
          "a window at \(position.x), \(position.y) is not in the source")
        picture.append(index)
        x.append(position.x)
        y.append(position.y)
      }
    }
    let device = sources.device
    let views = sources.unfolded(2, size: geometry.height, step: 1)
      .unfolded(3, size: geometry.width, step: 1)  // [B, 3, Y, X, height, width]
      .permuted([0, 2, 3, 1, 4, 5])
    let frames = views.gathered([
      Tensor(picture).to(device), Tensor(y).to(device), Tensor(x).to(device),
    ])
    return frames.reshaped([-1, geometry.frames, 3, geometry.height, geometry.width])
  }
}
