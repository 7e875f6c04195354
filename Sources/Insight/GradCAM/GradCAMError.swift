/// Why there is no Grad-CAM of a network or its videos: one sentence.
public enum GradCAMError: Error, Equatable, Sendable, CustomStringConvertible {
  case noHead(path: String)
  case noSuchLabel(label: Int, count: Int)
  case tooSmall(side: Int, least: Int)

  public var description: String {
    switch self {
    case .noHead(let path):
      "\(path) has a backbone but no head, and so no labels to explain: name a run's folder or its checkpoint"
    case .noSuchLabel(let label, let count):
      "there is no label \(label): the network has \(count), 0 to \(count - 1)"
    case .tooSmall(let side, let least):
      "clips of \(side) pixels are too small for a Grad-CAM beside the optical flow: use --size \(least) or more"
    }
  }
}
