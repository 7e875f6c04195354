/// The error if optical flow cannot be computed.
public struct OpticalFlowError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The reason, one sentence.
  public let description: String

  init(_ description: String) { self.description = description }
}
