/// Why there is no Grad-CAM of a network or its videos.
public enum GradCAMError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The network has no head.
  case noHead(path: String)
  /// The network has no label with this index.
  case noSuchLabel(label: Int, count: Int)
  /// The clips are too small for the optical flow.
  case tooSmall(side: Int, least: Int)

  public var description: String {
    switch self {
    case .noHead(let path):
      "\(path) has no head for single clips, and so no labels to explain: fine-tune it first, or name a run of "
        + "a task that labels clips"
    case .noSuchLabel(let label, let count):
      "there is no label \(label): the network has \(count) labels, 0 to \(count - 1)"
    case .tooSmall(let side, let least):
      "clips of \(side) pixels are too small for a Grad-CAM beside the optical flow: use --size \(least) or more"
    }
  }
}
