/// The error for clips with a single frame, in which nothing can move.
public struct SingleFrames: Error, CustomStringConvertible {
  public var description: String { "clips of one frame do not move: use --frames 2 or more" }
}
