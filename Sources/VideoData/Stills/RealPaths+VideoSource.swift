import SafeFiles
import VideoSamples

extension RealPaths {
  /// The source with the real path of its folder, so that a source reached through a link equals the original.
  public mutating func source(_ source: VideoSource) -> VideoSource {
    switch source {
    case .picture(let path): .picture(path: self.path(path))
    case .video(let path): .video(path: self.path(path))
    case .frameFolder(let path, let rate):
      .frameFolder(path: self.path(path), framesPerSecond: rate)
    case .deadLeaves: source
    }
  }
}
