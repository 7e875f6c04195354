/// Why there is no optical flow between pictures: one sentence.
public struct OpticalFlowError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) { self.description = description }
}
