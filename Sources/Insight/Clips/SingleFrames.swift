/// Clips in which nothing can move: one sentence.
public struct SingleFrames: Error, CustomStringConvertible {
  public var description: String { "clips of one frame do not move: use --frames 2 or more" }
}
